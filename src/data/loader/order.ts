/**
 * The order of the samples in an epoch. Orders are functions of the seed and the epoch, so every process that knows both
 * knows the order.
 */
import { bits, fold, type Key, permutation } from "../../random/index.js";

/**
 * - `sequential`: as they are stored
 * - `random`: every order is equally likely
 * - `quasi-random`: pages of the file in random order, samples at random from the pages that are open, so that a file that
 *   does not fit into memory is read page by page (FFCV's order of that name)
 */
export type Order = "sequential" | "random" | "quasi-random";

/** Pages that are open at a time in quasi-random order. */
export const openPages = 16;

/**
 * The samples of an epoch in their order.
 * @param samples those that take part
 * @param pageOf the page of a sample, for quasi-random order
 */
export function orderOf(
  order: Order,
  epochKey: Key,
  samples: Uint32Array,
  pageOf: (sample: number) => number,
): Uint32Array {
  switch (order) {
    case "sequential":
      return samples;
    case "random":
      return chosen(samples, permutation(epochKey, samples.length));
    case "quasi-random":
      return quasiRandom(epochKey, samples, pageOf);
  }
}

function chosen(samples: Uint32Array, places: Uint32Array): Uint32Array {
  const order = new Uint32Array(places.length);
  for (let i = 0; i < order.length; i++) order[i] = samples[places[i]!]!;
  return order;
}

function quasiRandom(epochKey: Key, samples: Uint32Array, pageOf: (sample: number) => number): Uint32Array {
  const byPage = new Map<number, number[]>();
  for (const sample of samples) {
    const page = byPage.get(pageOf(sample));
    if (page) page.push(sample);
    else byPage.set(pageOf(sample), [sample]);
  }
  const pages = [...byPage.values()];
  const waiting = [...permutation(fold(epochKey, 0), pages.length)].map((i) => pages[i]!);
  const words = bits(fold(epochKey, 1), new Uint32Array(2 * samples.length));
  const below = (word: number, n: number): number => Math.floor((words[word]! * n) / 2 ** 32);
  const open: number[][] = [];
  const order = new Uint32Array(samples.length);
  for (let i = 0; i < order.length; i++) {
    while (open.length < openPages && waiting.length > 0) open.push(waiting.shift()!);
    const page = below(2 * i, open.length);
    const left = open[page]!;
    const choice = below(2 * i + 1, left.length);
    order[i] = left[choice]!;
    // The last one takes the place of the one that was drawn.
    left[choice] = left.at(-1)!;
    left.pop();
    if (left.length === 0) open.splice(page, 1);
  }
  return order;
}
