/**
 * L-BFGS (Nocedal and Wright 2006, algorithm 7.4) with a line search by bisection for the weak Wolfe conditions (Lewis
 * and Overton 2013): the minimum of a smooth function from its values and gradients, without anything drawn or tuned.
 */

export interface LbfgsOptions {
  readonly maxIterations?: number;
  /** Ends when the largest element of the gradient is below; 1e-5 by default. */
  readonly tolerance?: number;
  /** How many of the last steps are remembered. */
  readonly memory?: number;
  /** Told the largest element of the gradient, at the start and after every iteration. */
  readonly onGradient?: (largest: number) => void;
}

export interface LbfgsResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the gradient fell below the tolerance. */
  readonly converged: boolean;
}

/** A value and the gradient there. */
export interface Evaluated {
  readonly value: number;
  readonly gradient: Float64Array;
}

type Objective = (x: Float64Array) => Promise<Evaluated>;

/** Values are float32 sums: differences below this share of the value are rounding. */
const rounding = 1e-6;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
const plus = (a: Float64Array, b: Float64Array, scale: number): Float64Array =>
  a.map((value, i) => value + scale * b[i]!);
const largest = (a: Float64Array): number => a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Minimises `objective` from `start` on. */
export async function lbfgs(
  objective: Objective,
  start: Float64Array,
  { maxIterations = 500, tolerance = 1e-5, memory = 10, onGradient }: LbfgsOptions = {},
): Promise<LbfgsResult> {
  let x = start;
  let now = await objective(x);
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const steepest = largest(now.gradient);
    onGradient?.(steepest);
    if (steepest <= tolerance) return { x, value: now.value, iterations: iteration, converged: true };
    const direction = twoLoops(now.gradient, steps);
    const first = steps.length === 0 ? 1 / Math.max(1, Math.sqrt(dot(now.gradient, now.gradient))) : 1;
    const found = await search(objective, x, now, direction, first);
    if (!found) {
      if (steps.length === 0) return { x, value: now.value, iterations: iteration, converged: false };
      // What is remembered may mislead: once more along the gradient.
      steps.length = 0;
      continue;
    }
    const s = plus(found.x, x, -1);
    const y = plus(found.at.gradient, now.gradient, -1);
    const curvature = dot(s, y);
    if (curvature > 0) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > memory) steps.shift();
    x = found.x;
    now = found.at;
  }
  return { x, value: now.value, iterations: maxIterations, converged: false };
}

/** −H·gradient, H being what the last steps say of the inverse Hessian. */
function twoLoops(
  gradient: Float64Array,
  steps: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  let q: Float64Array = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...steps].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    q = plus(q, y, -alpha);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    q = q.map((value) => value * scale);
  }
  steps.forEach(({ s, y, rho }, i) => {
    q = plus(q, s, alphas[i]! - rho * dot(y, q));
  });
  return q;
}

async function search(
  objective: Objective,
  x: Float64Array,
  now: Evaluated,
  direction: Float64Array,
  first: number,
): Promise<{ x: Float64Array; at: Evaluated } | undefined> {
  const slope = dot(now.gradient, direction);
  if (!(slope < 0)) return undefined;
  let [low, high, step] = [0, Number.POSITIVE_INFINITY, first];
  for (let attempt = 0; attempt < 30; attempt++) {
    const next = plus(x, direction, step);
    const at = await objective(next);
    if (!(at.value <= now.value + 1e-4 * step * slope + rounding * Math.abs(now.value))) high = step;
    else if (dot(at.gradient, direction) < 0.9 * slope) low = step;
    else return { x: next, at };
    step = Number.isFinite(high) ? (low + high) / 2 : 2 * low;
  }
  return undefined;
}
