/**
 * Values as MIME bundles. The conversion itself (figures, tensors, tables, images) is kernel/display's; it is loaded
 * after the kernel is ready, and before the first cell runs.
 */
import { inspect } from "node:util";

/** Representations of one value by MIME type. */
export type MimeBundle = { [mimeType: string]: unknown };

let convert: (value: unknown) => MimeBundle = (value) => ({ "text/plain": inspect(value, { depth: 4 }) });

/** Loads the rich conversions. */
export const rich: { load(): Promise<void> } = {
  async load() {
    const path = "../display/index.js";
    try {
      const module = (await import(path)) as { toMimeBundle?: typeof convert };
      if (module.toMimeBundle !== undefined) convert = module.toMimeBundle;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    }
  },
};

/** The representations of a value; as it is when `raw`. Binary parts become base64. */
export function bundle(value: unknown, raw = false): MimeBundle {
  const parts = raw ? (value as MimeBundle) : convert(value);
  const entries = Object.entries(parts).map(([type, part]) => [
    type,
    part instanceof Uint8Array
      ? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("base64")
      : part,
  ]);
  return Object.fromEntries(entries) as MimeBundle;
}
