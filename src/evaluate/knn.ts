/**
 * k nearest neighbours on frozen features, weighted (Wu et al. 2018, arXiv 1805.01978): each of the k training samples
 * that are most similar to a test sample votes for its class with exp(similarity / τ). Nothing is trained, so it shows
 * the geometry of a representation as it is. Defaults: k = 20 and τ = 0.07, as DINO evaluates.
 */
import { type HostTensor, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import { tf } from "../engine/tf.js";
import { ConfigError } from "../support/errors.js";
import { checkPair, type Features } from "./features.js";
import type { OnShare } from "./progress.js";
import { labelRanks, largestOf, topShare } from "./ranks.js";

/** Who votes, and how much a vote counts. */
export interface KnnOptions {
  /** Neighbours that vote; 20 by default, and never more than there are training samples. */
  readonly k?: number;
  /** τ; 0.07 by default. Infinity gives every neighbour one vote. */
  readonly temperature?: number;
  /** `cosine` (default): the cosine of the angle; `euclidean`: minus the squared distance. */
  readonly distance?: "cosine" | "euclidean";
  readonly onShare?: OnShare;
}

/** What the neighbours say of the test samples. */
export interface KnnResult {
  /** The share of test samples whose class is predicted, 0 … 1. */
  readonly accuracy: number;
  /** The share of test samples whose class is among the five with the most votes and has some; 1 of up to five classes. */
  readonly top5: number;
  /** The predicted class of each test sample; of equal votes, the lowest class. */
  readonly predicted: Int32Array;
}

/** Test samples a call: their similarities to all training samples lie in memory. */
const similaritiesAtOnce = 4_000_000;

/** Predicts the class of every test sample from the training samples. */
export async function knn(
  train: Features,
  test: Features,
  { k = 20, temperature = 0.07, distance = "cosine", onShare }: KnnOptions = {},
): Promise<KnnResult> {
  const { trainCount, testCount, width, classes } = checkPair(train, test);
  if (!Number.isInteger(k) || k < 1) throw new ConfigError(`k: expected 1 or more, got ${k}`);
  if (!(temperature > 0)) throw new ConfigError(`temperature: expected more than 0, got ${temperature}`);
  const neighbours = Math.min(k, trainCount);
  const chunk = Math.max(1, Math.min(testCount, Math.floor(similaritiesAtOnce / trainCount)));
  const isCosine = distance === "cosine";
  const [reference, tested] = [train, test].map(({ features }) =>
    isCosine ? unitRows(features) : features,
  ) as [HostTensor, HostTensor];
  const queries = tested.data as Float32Array;
  const similarity = isCosine ? cosine : negativeSquaredDistance;
  const safe = areBounded(reference) && areBounded(tested);
  // The largest are found where the similarities are made: these are many, and stay there.
  const nearest = (rows: tf.Tensor2D, all: tf.Tensor2D): [tf.Tensor, tf.Tensor] => {
    const each = similarity(rows, all);
    const { values, indices } = tf.topk(safe ? each : orLast(each), neighbours);
    return [values, indices];
  };
  const run = jit(nearest, { name: "neighbours" });
  const votes = new Float64Array(testCount * classes);
  try {
    for (let start = 0; start < testCount; start += chunk) {
      // The last chunk overlaps the one before, so that one program does all.
      const first = Math.min(start, testCount - chunk);
      const rows = hostTensor(queries.subarray(first * width, (first + chunk) * width), [chunk, width]);
      const found = await run(rows, reference);
      const [values, places] = (await Promise.all(found.map((tensor) => tensor.data()))) as [
        Float32Array,
        Int32Array,
      ];
      for (const tensor of found) tensor.dispose();
      for (let i = 0; i < chunk; i++) {
        const part = [i * neighbours, (i + 1) * neighbours] as const;
        const own = votes.subarray((first + i) * classes, (first + i + 1) * classes);
        vote(values.subarray(...part), places.subarray(...part), train.labels, temperature, own);
      }
      onShare?.((start + chunk) / testCount);
    }
  } finally {
    await run.dispose();
  }
  const ranks = labelRanks(votes, classes, test.labels).map((rank, i) =>
    votes[i * classes + test.labels[i]!] === 0 ? classes : rank,
  );
  return { accuracy: topShare(ranks, 1), top5: topShare(ranks, 5), predicted: largestOf(votes, classes) };
}

function cosine(queries: tf.Tensor2D, reference: tf.Tensor2D): tf.Tensor {
  return tf.matMul(queries, reference, false, true);
}

function negativeSquaredDistance(queries: tf.Tensor2D, reference: tf.Tensor2D): tf.Tensor {
  const squares = (x: tf.Tensor2D): tf.Tensor => tf.sum(tf.square(x), 1);
  const products = tf.mul(tf.matMul(queries, reference, false, true), 2);
  return tf.sub(tf.sub(products, tf.expandDims(squares(queries), 1)), tf.expandDims(squares(reference), 0));
}

/** Rows of length 1; a row of zeros stays. */
function unitRows({ data, shape }: HostTensor): HostTensor {
  const [rows, width] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) sum += data[j]! ** 2;
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let j = i * width; j < (i + 1) * width; j++) out[j] = data[j]! * scale;
  }
  return hostTensor(out, shape);
}

/** Whether similarities of such features are numbers, for sure: a sum of squares or products does not overflow. */
function areBounded({ data, shape }: HostTensor): boolean {
  const most = Math.sqrt(2 ** 127 / (4 * shape[1]!));
  return (data as Float32Array).every((value) => Math.abs(value) < most);
}

/** Similarities, of which those that are no numbers stand last. */
function orLast(similarities: tf.Tensor): tf.Tensor {
  return tf.where(tf.isFinite(similarities), similarities, Number.NEGATIVE_INFINITY);
}

/** Sets each class's votes, by the neighbours' similarities, largest first, and places; what is no number has no vote. */
function vote(
  similarities: Float32Array,
  places: Int32Array,
  labels: Int32Array,
  temperature: number,
  votes: Float64Array,
): void {
  votes.fill(0);
  // Relative to the nearest, so that no weight overflows.
  const nearest = similarities[0]!;
  for (const [i, place] of places.entries())
    if (similarities[i]! > Number.NEGATIVE_INFINITY)
      votes[labels[place]!]! += Math.exp((similarities[i]! - nearest) / temperature);
}
