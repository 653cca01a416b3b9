/** CIFAR's binary files and their archive: decoding, faults, and the download from a loopback server. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cifar, decodeCifar, provideCifar } from "../../src/data/cifar.js";
import { readTar } from "../../src/data/tar.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-cifar-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A record whose pixel at (y, x) of channel c is a function of all three. */
function record(labels: number[], shift: number): number[] {
  return [...labels, ...Array.from({ length: 3 * 1024 }, (_, p) => (p * 7 + shift) % 256)];
}

test("planes become pixels", () => {
  const { images, labels } = decodeCifar(Uint8Array.from([...record([3], 0), ...record([9], 5)]), "cifar10");
  expect([...labels]).toEqual([3, 9]);
  expect(images).toHaveLength(2 * 3072);
  for (const [i, y, x, c] of [
    [0, 0, 0, 0],
    [0, 0, 1, 2],
    [1, 31, 31, 1],
    [1, 5, 17, 2],
  ] as const)
    expect(images[((i * 32 + y) * 32 + x) * 3 + c]).toBe(((c * 1024 + y * 32 + x) * 7 + i * 5) % 256);
  expect([...decodeCifar(Uint8Array.from(record([19, 99], 0)), "cifar100").labels]).toEqual([99]);
});

test("faults name the file, the record and its offset", () => {
  const bytes = Uint8Array.from([...record([3], 0), ...record([10], 5)]);
  expect(() => decodeCifar(bytes, "cifar10", "x.bin")).toThrow(
    "x.bin: record 1 at byte 3073: expected a class below 10, got 10",
  );
  expect(() => decodeCifar(bytes.subarray(1), "cifar10", "x.bin")).toThrow(
    /x.bin: expected records of 3073 bytes, got 6145 bytes/,
  );
  expect(() => decodeCifar(new Uint8Array(0), "cifar10")).toThrow(/expected records/);
});

/** A folder of the archive's layout whose images are all black. */
function writeArchiveFolder(): string {
  const path = join(folder, "made", "cifar-10-batches-bin");
  mkdirSync(path, { recursive: true });
  for (const name of [
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
  ])
    writeFileSync(join(path, `${name}.bin`), new Uint8Array(10_000 * 3073));
  writeFileSync(join(path, "batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  return path;
}

test("a folder: the right one, a short file, a missing one", () => {
  const path = writeArchiveFolder();
  expect(cifar("cifar10", "test", path)).toMatchObject({
    count: 10_000,
    height: 32,
    classes: [..."abcdefghij"],
  });
  truncateSync(join(path, "test_batch.bin"), 3073);
  expect(() => cifar("cifar10", "test", path)).toThrow(
    /test_batch.bin: expected 30730000 bytes, got 3073; get the files anew with jessl data cifar10/,
  );
  rmSync(join(path, "test_batch.bin"));
  expect(() => cifar("cifar10", "test", path)).toThrow(/expected the files of cifar-10-binary.tar.gz/);
});

test("the archive is downloaded, checked, unpacked, and not asked for again", async () => {
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  const made = writeArchiveFolder();
  const archivePath = join(folder, "archive.tar.gz");
  execFileSync("tar", [
    "-I",
    "gzip -1",
    "-cf",
    archivePath,
    "-C",
    join(folder, "made"),
    "cifar-10-batches-bin",
  ]);
  const archive = readFileSync(archivePath);
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    response.end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const digest = createHash("sha256").update(archive).digest("hex");
  const remote = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cifar-10-binary.tar.gz`,
    size: archive.length,
    checksum: { algorithm: "sha256", digest },
  } as const;
  try {
    const found = await provideCifar("cifar10", { archive: remote });
    expect(readdirSync(found).sort()).toEqual(readdirSync(made).sort());
    expect(readdirSync(join(folder, "cache", "jessl"))).toEqual(["cifar-10-batches-bin"]);
    expect(cifar("cifar10", "train", found).count).toBe(50_000);
    expect(await provideCifar("cifar10", { archive: remote })).toBe(found);
    expect(requests).toBe(1);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("without a network the error says what to do", async () => {
  vi.stubEnv("XDG_CACHE_HOME", folder);
  const archive = { url: "http://127.0.0.1:9/cifar-10-binary.tar.gz" };
  await expect(provideCifar("cifar10", { archive })).rejects.toThrow(
    /fetch cifar-10-binary.tar.gz on another machine and put it into/,
  );
  expect(existsSync(join(folder, "jessl", "cifar-10-batches-bin"))).toBe(false);
});

test("tar archives: files by name; faults", () => {
  writeFileSync(join(folder, "a"), "hello");
  mkdirSync(join(folder, "d"));
  writeFileSync(join(folder, "d", "b"), "x".repeat(1000));
  const packed = execFileSync("tar", ["-cz", "-C", folder, "--format=ustar", "a", "d"]);
  const archive = gunzipSync(packed);
  const files = readTar(archive);
  expect([...files.keys()]).toEqual(["a", "d/b"]);
  expect(Buffer.from(files.get("a")!).toString()).toBe("hello");
  expect(files.get("d/b")).toHaveLength(1000);
  expect(() => readTar(archive.subarray(0, 2100))).toThrow(/expected 1000 bytes of d\/b, got/);
  archive[3]! ^= 1;
  expect(() => readTar(archive)).toThrow(/expected a tar header at byte 0/);
  expect(() => readTar(new Uint8Array(1024))).toThrow(/expected a tar archive with files/);
});
