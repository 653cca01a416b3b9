/**
 * Values as MIME bundles. The conversion itself (figures, tensors, tables, images) is kernel/display's; it is loaded
 * after the kernel is ready, and before the first cell runs.
 */
import { inspect } from "node:util";

/** Representations of one value by MIME type. */
export type MimeBundle = { [mimeType: string]: unknown };

type Bundle = MimeBundle | Promise<MimeBundle>;

let convert: (value: unknown) => Bundle = (value) => ({ "text/plain": inspect(value, { depth: 4 }) });

/** Loads the rich conversions, and what the first figure would wait for. */
export const rich: { load(): Promise<void> } = {
  async load() {
    const { toMimeBundle, load } = await import("../display/index.js");
    convert = toMimeBundle;
    await load();
  },
};

/** The representations of a value; as it is when `raw`. Binary parts become base64. */
export function bundle(value: unknown, raw = false): Bundle {
  const parts = raw ? (value as MimeBundle) : convert(value);
  return parts instanceof Promise ? parts.then(encode) : encode(parts);
}

function encode(parts: MimeBundle): MimeBundle {
  const entries = Object.entries(parts).map(([type, part]) => [
    type,
    part instanceof Uint8Array
      ? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("base64")
      : part,
  ]);
  return Object.fromEntries(entries) as MimeBundle;
}
