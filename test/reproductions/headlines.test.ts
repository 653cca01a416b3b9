/**
 * The headline numbers: what is recorded is found again by training anew, and is not once something is broken. The small
 * ones are trained here; those of whole claims are held against the results that the project holds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Recipe, smallHeadlines } from "../../reproductions/headlines/small.js";
import {
  claimHeadlines,
  compareHeadlines,
  type Headline,
  protocols,
  readHeadlines,
  recorded as recordedResults,
  recordHeadlines,
} from "../../reproductions/index.js";
import { tf } from "../../src/index.js";

const breakage = vi.hoisted(() => ({ loss: false }));

vi.mock("../../src/loss/simclr.js", async (original) => {
  const actual = await original<typeof import("../../src/loss/simclr.js")>();
  const simclr: typeof actual.simclr = (first, second, options) => {
    if (!breakage.loss) return actual.simclr(first, second, options);
    const rows = second.shape[0];
    const turned = tf.concat([tf.slice(second, 1, rows - 1), tf.slice(second, 0, 1)], 0) as tf.Tensor2D;
    return actual.simclr(first, turned, options);
  };
  return { ...actual, simclr };
});

const recorded = readHeadlines().headlines;

/** The names of the recorded numbers of a recipe that training anew does not find. */
async function missed(recipe: Recipe, changes: object = {}): Promise<string[]> {
  const expected = recorded.filter(({ name }) => name.startsWith(`small: ${recipe}`));
  expect(expected).toHaveLength(3);
  const comparisons = compareHeadlines(expected, await smallHeadlines(recipe, changes));
  return comparisons.filter(({ found }) => !found).map(({ name }) => name);
}

describe("trained anew", () => {
  test.each(["standard", "noise"] as const)("%s: every number is found again", async (recipe) => {
    expect(await missed(recipe)).toEqual([]);
  });
});

describe("the check can fail", () => {
  test("a broken loss: every image is drawn to its neighbour", async () => {
    breakage.loss = true;
    onTestFinished(() => {
      breakage.loss = false;
    });
    expect(await missed("standard")).toContain("small: standard, loss");
  });

  test("a swapped augmentation: noise in place of the standard views", async () => {
    expect(await missed("standard", { views: { preset: "noise-only" } })).toHaveLength(3);
  });

  test("a wrong learning rate", async () => {
    const changes = { optimiser: { name: "adamw", lr: 1e-4 } };
    expect(await missed("standard", changes)).toHaveLength(3);
  });
});

const headline = (changes: Partial<Headline> = {}): Headline => ({
  name: "claim: gain",
  what: "points",
  value: 5,
  interval: [4, 6],
  tolerance: 1,
  because: "an example",
  profile: "quick",
  seeds: [1, 2],
  ...changes,
});

describe("comparison", () => {
  const found = (now: Partial<Headline>): boolean =>
    compareHeadlines([headline()], [headline(now)])[0]!.found;

  test("within the recorded tolerance, which a rerun cannot widen", () => {
    expect([4, 6, 5.5].map((value) => found({ value }))).toEqual([true, true, true]);
    expect([3.99, 6.01].map((value) => found({ value, tolerance: 9 }))).toEqual([false, false]);
  });

  test("no number, other seeds, another profile are not found", () => {
    expect(found({ value: Number.NaN })).toBe(false);
    expect(found({ seeds: [1] })).toBe(false);
    expect(found({ profile: "smoke" })).toBe(false);
  });

  test("missing on either side is a miss", () => {
    expect(compareHeadlines([headline()], [])).toMatchObject([{ found: false, now: undefined }]);
    expect(compareHeadlines([], [headline()])).toMatchObject([{ found: false, recorded: undefined }]);
  });
});

test("recording replaces a claim's numbers and keeps the others'", () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-headlines-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "headlines.json");
  const one = (claim: string, value: number) => ({
    claim,
    headlines: [headline({ name: `${claim}: gain`, value })],
    provenance: { commit: String(value) },
  });
  recordHeadlines([one("a", 1), one("b", 2)], path);
  recordHeadlines([one("a", 3)], path);
  const { headlines, provenance } = readHeadlines(path);
  expect(headlines.map(({ name, value }) => [name, value])).toEqual([
    ["b: gain", 2],
    ["a: gain", 3],
  ]);
  expect(provenance).toEqual({ a: { commit: "3" }, b: { commit: "2" } });
});

test("the recorded numbers are those of the recorded results", () => {
  const quick = protocols
    .flatMap((protocol) => recordedResults(protocol))
    .filter(({ results }) => results.provenance.profile === "quick")
    .flatMap(claimHeadlines);
  const names = new Set(quick.map(({ name }) => name));
  const comparisons = compareHeadlines(
    recorded.filter(({ name }) => names.has(name)),
    quick,
  );
  expect(comparisons.filter(({ found }) => !found)).toEqual([]);
});
