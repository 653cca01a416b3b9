/**
 * The experiments at the paper's size: every configuration is complete and valid, and the graph of each kind is built and
 * takes one step, with the paper's encoder, on a few small images and with a narrow projector.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type PaperRun, paperYaml, protocols } from "../../reproductions/index.js";
import type { ImageDataset } from "../../src/data/dataset.js";
import { key, uniform } from "../../src/random/index.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { loadNegatives } from "../../src/train/negatives.js";
import { createProgram } from "../../src/train/program.js";

const all = protocols.flatMap((protocol) => (protocol.paper ?? []).map((run) => ({ protocol, run })));

test("every run is a configuration of ResNet-50 on ImageNet, as it is written to a file", () => {
  expect(all.length).toBeGreaterThan(10);
  for (const { protocol, run } of all) {
    const config = parseConfig(parse(paperYaml(protocol, run)));
    expect(config).toEqual(parseConfig({ name: run.name, ...run.config }));
    expect(config.encoder.name).toBe("resnet50");
    expect(config.data).toMatchObject({ path: "imagenet-train.beton", stream: true });
  }
});

test("names are unique within a claim", () => {
  for (const { paper = [] } of protocols)
    expect(new Set(paper.map(({ name }) => name)).size).toBe(paper.length);
});

const side = 32;

function fewImages(): ImageDataset {
  return {
    name: "few",
    images: Uint8Array.from(uniform(key(1), 4 * side * side * 3), (value) => 255 * value),
    labels: Int32Array.from([0, 1, 0, 1]),
    count: 4,
    height: side,
    width: side,
    channels: 3,
    classes: ["a", "b"],
  };
}

/** The same run with small images, a small batch and a narrow projector. */
function small({ config }: PaperRun, photograph: string): object {
  const { method, ...rest } = config as { method: { negatives?: object }; resolution: object | null };
  const negatives = method.negatives as { name: string; photograph?: string } | undefined;
  const patch = negatives?.name === "patch" ? { ...negatives, photograph, side: 16, copies: 2 } : negatives;
  return {
    ...rest,
    method: { ...method, ...(patch && { negatives: patch }) },
    device: "cpu",
    batch: 2,
    epochs: 1,
    projector: "32-32-32",
    resolution: rest.resolution && { min: 16, max: 32, startEpoch: 0, endEpoch: 1 },
    schedule: { warmupEpochs: 0 },
  };
}

/** One run for each graph that differs in more than numbers: those of a claim whose views, method or negatives differ. */
const kinds = new Map(
  all.map(({ protocol, run }) => {
    const { views, method } = run.config as {
      views: { preset?: string };
      method: { name: string; negatives?: { name: string } };
    };
    // A graph takes long to build: of the other methods one is enough.
    const simclr = `simclr, ${views.preset ?? "noise"}, ${method.negatives?.name ?? "batch"}`;
    const kind = method.name === "simclr" ? simclr : method.name;
    return [kind, { protocol, run }];
  }),
);

describe("one step", () => {
  test.each([...kinds])("%s", { timeout: 180_000 }, async (_, { run }) => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-paper-"));
    const photograph = join(folder, "patch.png");
    await sharp({ create: { width: 40, height: 20, channels: 3, background: "teal" } }).toFile(photograph);
    const config = parseConfig(small(run, photograph));
    const dataset = fewImages();
    const program = createProgram(config, dataset, { negatives: await loadNegatives(config, dataset) });
    try {
      const { metrics } = await program.run(program.initial(), 0);
      expect(Number.isFinite(metrics.loss)).toBe(true);
      expect(metrics.loss).not.toBe(0);
    } finally {
      await program.dispose();
      rmSync(folder, { recursive: true });
    }
  });
});
