/** The losses once more, as their formulas stand in the papers: double precision, loops, no tensors. */

type Matrix = readonly (readonly number[])[];

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const cosine = (a: readonly number[], b: readonly number[]): number =>
  dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const logSumExp = (values: readonly number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, x) => sum + Math.exp(x - top), 0));
};
const column = (z: Matrix, j: number): number[] => z.map((row) => row[j]!);
const centred = (values: readonly number[]): number[] => values.map((x) => x - mean(values));

/** −s_pos + logsumexp over 2N views; the positive belongs to the denominator, or not. */
function contrastive(z1: Matrix, z2: Matrix, tau: number, withPositive: boolean): number {
  const n = z1.length;
  const z = [...z1, ...z2];
  return mean(
    z.map((view, i) => {
      const partner = (i + n) % (2 * n);
      const others = z.flatMap((other, j) =>
        j === i || (j === partner && !withPositive) ? [] : [cosine(view, other) / tau],
      );
      return logSumExp(others) - cosine(view, z[partner]!) / tau;
    }),
  );
}

function vicreg(z1: Matrix, z2: Matrix): number {
  const [n, d] = [z1.length, z1[0]!.length];
  let loss = 25 * mean(z1.flatMap((row, i) => row.map((x, j) => (x - z2[i]![j]!) ** 2)));
  for (const z of [z1, z2]) {
    const columns = Array.from({ length: d }, (_, j) => centred(column(z, j)));
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++) {
        const covariance = dot(columns[a]!, columns[b]!) / (n - 1);
        if (a === b) loss += ((25 / 2) * Math.max(0, 1 - Math.sqrt(covariance + 1e-4))) / d;
        else loss += covariance ** 2 / d;
      }
  }
  return loss;
}

function barlowTwins(z1: Matrix, z2: Matrix): number {
  const [n, d] = [z1.length, z1[0]!.length];
  const normed = [z1, z2].map((z) =>
    Array.from({ length: d }, (_, j) => {
      const values = centred(column(z, j));
      const scale = Math.sqrt(dot(values, values) / n + 1e-5);
      return values.map((x) => x / scale);
    }),
  );
  let loss = 0;
  for (let a = 0; a < d; a++)
    for (let b = 0; b < d; b++) {
      const c = dot(normed[0]![a]!, normed[1]![b]!) / n;
      loss += a === b ? (c - 1) ** 2 : 0.0051 * c ** 2;
    }
  return loss;
}

const alike = (a: Matrix, b: Matrix): number => mean(a.map((row, i) => cosine(row, b[i]!)));

function moco(q: Matrix, k: Matrix, queue: Matrix, tau: number): number {
  return mean(
    q.map((query, i) => {
      const positive = cosine(query, k[i]!) / tau;
      return logSumExp([positive, ...queue.map((key) => cosine(query, key) / tau)]) - positive;
    }),
  );
}

function crossEntropy(scores: Matrix, labels: readonly number[]): number {
  return mean(scores.map((row, i) => logSumExp(row) - row[labels[i]!]!));
}

function supcon(z: Matrix, labels: readonly number[], tau: number): number {
  return mean(
    z.map((view, i) => {
      const others = z.map((_, j) => j).filter((j) => j !== i);
      const positives = others.filter((j) => labels[j] === labels[i]);
      const rest = logSumExp(others.map((j) => cosine(view, z[j]!) / tau));
      return mean(positives.map((j) => rest - cosine(view, z[j]!) / tau));
    }),
  );
}

export const labels = [0, 1, 1, 2, 2, 0];

/** Each loss of inputs in the order of `inputs`, with the options of its case. */
export const references: {
  readonly [loss: string]: {
    readonly inputs: readonly string[];
    /** Those through which gradients flow; by default all. */
    readonly free?: readonly string[];
    readonly options?: object;
    readonly value: (...inputs: Matrix[]) => number;
  };
} = {
  simclr: {
    inputs: ["z1", "z2"],
    options: { temperature: 0.3 },
    value: (a, b) => contrastive(a!, b!, 0.3, true),
  },
  dcl: {
    inputs: ["z1", "z2"],
    options: { temperature: 0.3 },
    value: (a, b) => contrastive(a!, b!, 0.3, false),
  },
  vicreg: { inputs: ["z1", "z2"], value: (a, b) => vicreg(a!, b!) },
  barlowTwins: { inputs: ["z1", "z2"], value: (a, b) => barlowTwins(a!, b!) },
  byol: {
    inputs: ["p1", "p2", "t1", "t2"],
    free: ["p1", "p2"],
    value: (p1, p2, t1, t2) => 4 - 2 * alike(p1!, t2!) - 2 * alike(p2!, t1!),
  },
  simsiam: {
    inputs: ["p1", "p2", "t1", "t2"],
    free: ["p1", "p2"],
    value: (p1, p2, t1, t2) => -(alike(p1!, t2!) + alike(p2!, t1!)) / 2,
  },
  moco: {
    inputs: ["z1", "z2", "negatives"],
    free: ["z1"],
    options: { temperature: 0.3 },
    value: (q, k, queue) => moco(q!, k!, queue!, 0.3),
  },
  supervised: { inputs: ["z"], value: (z) => crossEntropy(z!, labels) },
  supcon: { inputs: ["z"], options: { temperature: 0.3 }, value: (z) => supcon(z!, labels, 0.3) },
};
