/**
 * The shapes of synthetic scenes as distance functions: negative inside, positive outside, in units of the shape's own
 * radius. A distance is all that an anti-aliased edge needs. Sizes are such that every shape has the area of the unit
 * disc, so that no sum of pixels tells one from another.
 */

/** The (signed, not always exact) distance of the point (x, y) to the outline. */
export type Distance = (x: number, y: number) => number;

const { abs, max, min, PI, cos, sin, atan2, sqrt } = Math;

/** Not Math.hypot, whose last bit differs between engines. */
const hypot = (x: number, y: number): number => sqrt(x * x + y * y);

/** A distance function, and the radius of the disc about the origin that holds its shape. */
export interface Shape {
  readonly distance: Distance;
  readonly reach: number;
}

function disc(): Shape {
  return { distance: (x, y) => hypot(x, y) - 1, reach: 1 };
}

function ring(): Shape {
  // Area π((r + w)² − (r − w)²) = 4πrw = π.
  const [radius, half] = [1.05, 1 / (4 * 1.05)];
  return { distance: (x, y) => abs(hypot(x, y) - radius) - half, reach: radius + half };
}

function square(): Shape {
  const half = sqrt(PI) / 2;
  return { distance: (x, y) => max(abs(x), abs(y)) - half, reach: half * sqrt(2) };
}

function triangle(): Shape {
  // An equilateral triangle with the inner radius r has the area 3√3 r².
  const inner = sqrt(PI / (3 * sqrt(3)));
  const [c, s] = [cos(PI / 6), sin(PI / 6)];
  return {
    distance: (x, y) => max(y, c * abs(x) - s * y) - inner,
    reach: 2 * inner,
  };
}

function star(): Shape {
  // A tip at angle 0 and a notch at angle π/5; in between, the straight edge from one to the other.
  const points = 5;
  const step = PI / points;
  const notch = 0.42;
  // The area is 2·points triangles of the sides tip and notch·tip with the angle π/points between them.
  const tip = sqrt(PI / (points * notch * sin(step)));
  const [ex, ey] = [notch * tip * cos(step) - tip, notch * tip * sin(step)];
  const length = hypot(ex, ey);
  const [nx, ny] = [ey / length, -ex / length];
  return {
    distance: (x, y) => {
      const angle = abs(atan2(y, x));
      const sector = abs(angle - 2 * step * Math.round(angle / (2 * step)));
      const radius = hypot(x, y);
      return (radius * cos(sector) - tip) * nx + radius * sin(sector) * ny;
    },
    reach: tip,
  };
}

function cross(): Shape {
  // Two bars of the half length a and the half width b: the area is 8ab − 4b².
  const share = 0.3;
  const long = sqrt(PI / (8 * share - 4 * share * share));
  const wide = share * long;
  return {
    distance: (x, y) => {
      const [ax, ay] = [abs(x), abs(y)];
      return min(max(ax - long, ay - wide), max(ax - wide, ay - long));
    },
    reach: hypot(long, wide),
  };
}

function crescent(): Shape {
  // A disc of radius R less one of the same radius, moved by R: the lens of both has the area R²(2π/3 − √3/2).
  const radius = sqrt(PI / (PI - (2 * PI) / 3 + sqrt(3) / 2));
  // Its middle, not the disc's, lies on the origin.
  const middle = radius / 2 - 0.05;
  return {
    distance: (x, y) => max(hypot(x - middle, y) - radius, radius - hypot(x - middle - radius, y)),
    reach: 1.3 * radius,
  };
}

function hourglass(): Shape {
  // |x| ≤ |y|·k within |y| ≤ h: the area is 2kh².
  const slope = 0.75;
  const half = sqrt(PI / (2 * slope));
  const scale = 1 / hypot(1, slope);
  return {
    distance: (x, y) => max(abs(y) - half, (abs(x) - slope * abs(y)) * scale),
    reach: half * hypot(1, slope),
  };
}

/** The names of the shapes; a shape's class is its place here. */
export const shapeNames = [
  "disc",
  "square",
  "triangle",
  "star",
  "cross",
  "ring",
  "crescent",
  "hourglass",
] as const;

const makers = { disc, square, triangle, star, cross, ring, crescent, hourglass };

export const shapes: readonly Shape[] = shapeNames.map((name) => makers[name]());
