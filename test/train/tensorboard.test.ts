/** TensorBoard events: the same bytes as TensorBoard's own classes write. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { crc32c, EventWriter, scalarEvent, tfRecord, versionEvent } from "../../src/train/tensorboard.js";

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
