/** Picture files in memory, known by their first bytes. */
import type { MimeBundle } from "./mime.js";

const signatures: readonly [type: string, bytes: readonly (number | undefined)[]][] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  [
    "image/webp",
    [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
  ],
];

/** The MIME type of a picture's bytes; undefined for anything else. */
export function imageType(value: unknown): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return signatures.find(([, bytes]) =>
    bytes.every((byte, i) => byte === undefined || value[i] === byte),
  )?.[0];
}

/** The representations of a picture. */
export function imageBundle(bytes: Uint8Array, type: string): MimeBundle {
  return { [type]: bytes, "text/plain": `${type}, ${bytes.length.toLocaleString("en")} bytes` };
}
