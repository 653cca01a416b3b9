/** Murmur2, 32 bits: the hash by which a front end and the kernel name a cell that is debugged. */

/** The seed that Jupyter's front ends are told. */
export const hashSeed = 0xc70f6907;

/** The hash of a text's UTF-8 bytes. */
export function murmur2(text: string, seed: number = hashSeed): number {
  const bytes = Buffer.from(text, "utf8");
  const multiplier = 0x5bd1e995;
  const whole = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  if (bytes.length > whole) {
    for (let at = bytes.length - 1; at >= whole; at -= 1) hash ^= bytes[at]! << (8 * (at - whole));
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return (hash ^ (hash >>> 15)) >>> 0;
}
