/**
 * One view of one grey image on the host, by the `grey` recipe: crop, resize, flip, brightness, contrast, one after the
 * other, as torchvision's transforms go. Given the same drawn parameters it makes the pixels that the compiled step makes.
 */

/** What was drawn for the view. */
export interface DrawnView {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly flipped: boolean;
  readonly brightness: number;
  readonly contrast: number;
}

/** Antialiased bilinear weights of a row or column of the result: where they begin in the source, and how much each has. */
interface Taps {
  readonly first: number;
  readonly weights: Float32Array;
}

function tapsOf(out: number, length: number, offset: number): Taps[] {
  const scale = length / out;
  const support = Math.max(1, scale);
  return Array.from({ length: out }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(length, Math.trunc(centre + support + 0.5));
    const weights = new Float32Array(end - first);
    let sum = 0;
    for (let k = 0; k < weights.length; k++) {
      const weight = Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / support);
      weights[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < weights.length; k++) weights[k]! /= sum;
    return { first: first + offset, weights };
  });
}

/**
 * @param image bytes, [side, side]
 * @param out float32 [side, side], filled with the view in 0 … 1
 */
export function viewOf(image: Uint8Array, side: number, drawn: DrawnView, out: Float32Array): void {
  const rows = tapsOf(side, drawn.height, drawn.top);
  const columns = tapsOf(side, drawn.width, drawn.left);
  // Across first: the rows of the box, each `side` long.
  const across = new Float32Array(drawn.height * side);
  for (let y = 0; y < drawn.height; y++) {
    const line = (drawn.top + y) * side;
    for (let x = 0; x < side; x++) {
      const { first, weights } = columns[x]!;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * image[line + first + k]!;
      across[y * side + x] = sum / 255;
    }
  }
  for (let y = 0; y < side; y++) {
    const { first, weights } = rows[y]!;
    for (let x = 0; x < side; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++)
        sum += weights[k]! * across[(first - drawn.top + k) * side + x]!;
      out[y * side + x] = sum;
    }
  }
  if (drawn.flipped) for (let y = 0; y < side; y++) out.subarray(y * side, (y + 1) * side).reverse();
  const clip = (value: number): number => Math.min(1, Math.max(0, value));
  for (let i = 0; i < out.length; i++) out[i] = clip(out[i]! * drawn.brightness);
  let mean = 0;
  for (let i = 0; i < out.length; i++) mean += out[i]!;
  mean /= out.length;
  const { contrast } = drawn;
  for (let i = 0; i < out.length; i++) out[i] = clip(contrast * out[i]! + (1 - contrast) * mean);
}
