/**
 * Pixels as floats, for who does not train by the compiled step, which takes bytes. WebAssembly's vector instructions
 * take a fraction of JavaScript's time for it; what they work on passes through a memory of a few pages, in chunks that
 * the processor's caches hold.
 */
import { ShapeError } from "../support/errors.js";

/** unit-floats.wat, assembled; its test holds the two together. */
export const unitFloatsWasm =
  "AGFzbQEAAAABBwFgA39/fwACEgEGZmxvYXRzBm1lbW9yeQIAAQMCAQAHCgEGZGl2aWRlAAAKiQEBhgEBA3tDAAB/Q/0TIQUDQCAA/QAEACEDIAP9iQEhBCABIAT9qQH9+wEgBf3nAf0LBAAgASAE/aoB/fsBIAX95wH9CwQQIAP9igEhBCABIAT9qQH9+wEgBf3nAf0LBCAgASAE/aoB/fsBIAX95wH9CwQwIAFBwABqIQEgAEEQaiIAIAJJDQALCw==";

const chunk = 8192;
const pageBytes = 65_536;

type Divide = (from: number, to: number, end: number) => void;
let opened: { divide: Divide; bytes: Uint8Array; floats: Float32Array } | undefined;

function open(): NonNullable<typeof opened> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((5 * chunk) / pageBytes) });
  const module = new WebAssembly.Module(Buffer.from(unitFloatsWasm, "base64"));
  const { exports } = new WebAssembly.Instance(module, { floats: { memory } });
  return {
    divide: exports.divide as Divide,
    bytes: new Uint8Array(memory.buffer, 0, chunk),
    floats: new Float32Array(memory.buffer, chunk, chunk),
  };
}

/**
 * Bytes divided by 255: from images in 0 … 255 to those in 0 … 1, the numbers of torchvision's `ToTensor`, in the order
 * of the bytes.
 * @param out where the floats go, of the bytes' length; by default new memory
 * @throws ShapeError when `out` has another length
 */
export function unitFloats(bytes: Uint8Array, out = new Float32Array(bytes.length)): Float32Array {
  if (out.length !== bytes.length)
    throw new ShapeError(`out: expected ${bytes.length} floats, got ${out.length}`);
  opened ??= open();
  const { divide, bytes: from, floats } = opened;
  for (let at = 0; at < bytes.length; at += chunk) {
    const count = Math.min(chunk, bytes.length - at);
    from.set(bytes.subarray(at, at + count));
    divide(0, chunk, count);
    out.set(count === chunk ? floats : floats.subarray(0, count), at);
  }
  return out;
}
