/**
 * How wide a text is. Without a canvas Vega takes every character for 0.8 of the font size, which leaves wide blanks
 * beside a figure; these are the advance widths of the font that figures use.
 */

// Advance widths of the characters U+0020 … U+007E in IBM Plex Sans Regular, in thousandths of the font size.
const ascii = [
  236, 284, 419, 713, 598, 927, 694, 242, 335, 335, 450, 600, 272, 399, 272, 383, 600, 600, 600, 600, 600,
  600, 600, 600, 600, 600, 292, 292, 600, 600, 600, 477, 891, 641, 653, 621, 671, 583, 559, 695, 707, 400,
  510, 634, 501, 812, 707, 708, 606, 708, 640, 581, 572, 678, 609, 891, 613, 593, 580, 317, 383, 317, 600,
  565, 600, 534, 580, 503, 580, 549, 324, 528, 568, 250, 250, 527, 272, 873, 568, 560, 580, 580, 367, 487,
  351, 568, 492, 768, 507, 499, 464, 343, 314, 343, 600,
];

/** The width of other characters: that of a digit. */
const otherWidth = 600;

/** Letters of the heavier weights are wider by about so much. */
const boldFactor = 1.04;

/** The width of a line of text in the units of `fontSize`. */
export function textWidth(text: string, fontSize: number, weight: number | string = 400): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += ascii[text.charCodeAt(i) - 32] ?? otherWidth;
  const heavy = weight === "bold" || Number(weight) >= 500;
  return (sum / 1000) * fontSize * (heavy ? boldFactor : 1);
}
