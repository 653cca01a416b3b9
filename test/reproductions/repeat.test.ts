/** Two runs from the same seed give the same rows, bit for bit; other seeds give others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { noiseOnly } from "../../reproductions/noise-only/protocol.js";
import { createLaboratory, type Laboratory } from "../../reproductions/support/laboratory.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { noiseViews, patchNegatives } from "../../reproductions/support/recipes.js";

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

test("patch negatives and courses: the same again, another for another seed", {
  timeout: 180_000,
}, async () => {
  const experiment = (seed: number) => (laboratory: Laboratory) =>
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
  const first = await rowsOf(experiment(1));
  expect(first.courses[0]!.points).toHaveLength(4);
  expect(await rowsOf(experiment(1))).toEqual(first);
  const other = await rowsOf(experiment(2));
  expect(other.courses[0]!.points).not.toEqual(first.courses[0]!.points);
});
