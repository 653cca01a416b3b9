/** TensorBoard events: the same bytes as TensorBoard's own classes write. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { readConfig, readLines, trainEncoder } from "../../src/index.js";
import { crc32c, EventWriter, scalarEvent, tfRecord, versionEvent } from "../../src/train/tensorboard.js";
import { expectClose } from "../support/close.js";
import { describeWith, python } from "../support/needs.js";

const expected = readFileSync(join(import.meta.dirname, "fixtures", "tensorboard.bin"));

test("CRC-32C: the examples of RFC 3720, B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test("records equal those of TensorBoard's writer", () => {
  const events = [
    versionEvent(1.5),
    scalarEvent(2.25, 300, { loss: 0.75 }),
    scalarEvent(3, 1, { ["a".repeat(200)]: -1, "ü/knn": 1e-3 }),
  ];
  expect(Buffer.concat(events.map(tfRecord)).equals(expected)).toBe(true);
});

test("a file: the version, then what was written", () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-events-"));
  try {
    const writer = new EventWriter(join(folder, "new"), 1.5);
    writer.write(300, { loss: 0.75 }, 2.25);
    expect(basename(writer.path)).toMatch(/^events\.out\.tfevents\.1\./);
    const bytes = readFileSync(writer.path);
    expect(bytes.equals(expected.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length).toBe(
      tfRecord(versionEvent(1)).length + tfRecord(scalarEvent(1, 300, { loss: 1 })).length,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describeWith(["python:tensorboard"], "TensorBoard itself", () => {
  test("reads the events of a run that was stopped and continued: every step once, the numbers of the metrics", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-events-"));
    try {
      const config = readConfig(undefined, [
        "name=run",
        "data.train=64",
        "batch=16",
        "epochs=2",
        "encoder.widths=[4,8]",
        "projector=8-8",
        "probes.online=true",
        "checkpoint.everyEpochs=0.5",
      ]);
      const abort = new AbortController();
      await trainEncoder(config, {
        runs: folder,
        signal: abort.signal,
        onStep: ({ step }) => {
          if (step === 3) abort.abort();
        },
      });
      await trainEncoder(config, { runs: folder });
      const script = [
        "import json, sys",
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator",
        "events = EventAccumulator(sys.argv[1]).Reload()",
        "tags = events.Tags()['scalars']",
        "print(json.dumps({tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}))",
      ].join("\n");
      const shown = execFileSync(python, ["-c", script, join(folder, "run/events")], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      const scalars = JSON.parse(shown) as Record<string, [number, number][]>;
      const lines = readLines(join(folder, "run/metrics.jsonl"));
      expect(Object.keys(scalars)).toEqual(
        expect.arrayContaining(["loss", "lr", "std", "rank", "probe/representation/loss"]),
      );
      for (const [tag, points] of Object.entries(scalars)) {
        expect(points.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expectClose(
          points.map(([, value]) => value),
          lines.map((line) => line[tag]!),
          { relative: 1e-6 },
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
