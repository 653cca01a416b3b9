/**
 * The backgrounds of synthetic scenes: functions from a point to the share of the second colour, 0 … 1, in place of the
 * first. Points are in units of the image's side, so that a scene looks the same at every resolution.
 */

/** What a background is drawn with; numbers are uniform in [0, 1). */
export interface Pattern {
  /** Direction of gradients and stripes, as a unit vector. */
  readonly direction: readonly [number, number];
  /** Periods of stripes and lattices, in image sides. */
  readonly period: number;
  readonly phase: number;
  /** Half the width of a pixel, for soft edges, in image sides. */
  readonly soft: number;
  /** Values of the clouds on a lattice of `cloudSide` × `cloudSide` points. */
  readonly cloud: Float32Array;
}

type Background = (x: number, y: number, pattern: Pattern) => number;

export const cloudSide = 5;

const fraction = (x: number): number => x - Math.floor(x);
const clamp = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);

/** From −½ … ½ within a period to 0 or 1 with a soft edge: 1 in the middle half. */
function pulse(x: number, { period, soft }: Pattern): number {
  return clamp(0.5 + ((0.25 - Math.abs(fraction(x) - 0.5)) * period) / (2 * soft));
}

function along(x: number, y: number, { direction, period, phase }: Pattern): number {
  return (x * direction[0] + y * direction[1]) / period + phase;
}

function across(x: number, y: number, { direction, period, phase }: Pattern): number {
  return (y * direction[0] - x * direction[1]) / period + phase;
}

const smooth = (t: number): number => t * t * (3 - 2 * t);

const backgrounds: Readonly<Record<string, Background>> = {
  plain: () => 0,
  gradient: (x, y, { direction }) => clamp(0.5 + (x - 0.5) * direction[0] + (y - 0.5) * direction[1]),
  stripes: (x, y, pattern) => pulse(along(x, y, pattern), pattern),
  checks: (x, y, pattern) => {
    const [a, b] = [pulse(along(x, y, pattern), pattern), pulse(across(x, y, pattern), pattern)];
    return a + b - 2 * a * b;
  },
  dots: (x, y, pattern) => {
    const a = fraction(along(x, y, pattern)) - 0.5;
    const b = fraction(across(x, y, pattern)) - 0.5;
    return clamp(0.5 + ((0.3 - Math.sqrt(a * a + b * b)) * pattern.period) / (2 * pattern.soft));
  },
  clouds: (x, y, { cloud }) => {
    const [u, v] = [clamp(x) * (cloudSide - 1.001), clamp(y) * (cloudSide - 1.001)];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [smooth(u - i), smooth(v - j)];
    const at = j * cloudSide + i;
    const top = cloud[at]! * (1 - s) + cloud[at + 1]! * s;
    const bottom = cloud[at + cloudSide]! * (1 - s) + cloud[at + cloudSide + 1]! * s;
    return top * (1 - t) + bottom * t;
  },
};

/** The names of the backgrounds; a background's class is its place here. */
export const backgroundNames = ["plain", "gradient", "stripes", "checks", "dots", "clouds"] as const;

/** The backgrounds in the order of their names. */
export const backgroundList: readonly Background[] = backgroundNames.map((name) => backgrounds[name]!);
