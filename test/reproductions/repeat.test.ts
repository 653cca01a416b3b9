/** Two runs from the same seed give the same rows, bit for bit; other seeds give others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { noiseOnly } from "../../reproductions/noise-only/protocol.js";
import { createLaboratory, type Laboratory } from "../../reproductions/support/laboratory.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { noiseViews, patchNegatives } from "../../reproductions/support/recipes.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What an experiment gives in a folder of its own, without the times. */
async function rowsOf(experiment: (laboratory: Laboratory) => Promise<unknown>) {
  const folder = mkdtempSync(join(tmpdir(), "jessl-repeat-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const laboratory = createLaboratory({ claim: "repeat", folder });
  await experiment(laboratory);
  const timeless = ({ seconds: _, ...rest }: Row) => rest;
  return { rows: laboratory.rows.map(timeless), courses: laboratory.courses };
}

test("a profile run twice: the same rows", { timeout: 180_000 }, async () => {
  const smoke = (laboratory: Laboratory) => noiseOnly.run(laboratory, "smoke");
  const first = await rowsOf(smoke);
  expect(first.rows.length).toBeGreaterThan(5);
  expect(await rowsOf(smoke)).toEqual(first);
});

/** One small training against a patch. */
const onePatch = (seed: number) => (laboratory: Laboratory) =>
  laboratory.train({
    condition: "one patch",
    config: {
      seed,
      epochs: 1,
      data: { name: "fashion-mnist", train: 256 },
      encoder: { name: "convnet", widths: [8, 16] },
      views: noiseViews(0.5),
      method: { name: "simclr", negatives: patchNegatives(4) },
    },
    course: true,
  });

test("patch negatives and courses: the same again, another for another seed", {
  timeout: 180_000,
}, async () => {
  const first = await rowsOf(onePatch(1));
  expect(first.courses[0]!.points).toHaveLength(4);
  expect(await rowsOf(onePatch(1))).toEqual(first);
  const other = await rowsOf(onePatch(2));
  expect(other.courses[0]!.points).not.toEqual(first.courses[0]!.points);
});

test("one and two threads: the same accuracy to a point", { timeout: 180_000 }, async () => {
  const accuracies: number[][] = [];
  for (const threads of ["1", "2"]) {
    vi.stubEnv("JESSL_THREADS", threads);
    const { rows } = await rowsOf(onePatch(1));
    accuracies.push(rows.flatMap(({ knn, linear }) => [knn, linear]));
  }
  const [one, two] = accuracies as [number[], number[]];
  one.forEach((accuracy, i) => {
    expect(Math.abs(accuracy - two[i]!)).toBeLessThanOrEqual(1);
  });
});
