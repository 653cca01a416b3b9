/** Fashion-MNIST: the embedded subset, folders, and files that are not what they should be. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  embeddedFashionMnist,
  fashionMnist,
  fashionMnistClasses,
  findFashionMnist,
  provideFashionMnist,
} from "../../src/data/fashion-mnist.js";
import { encodeIdx } from "../../src/data/idx.js";
import { DataError } from "../../src/support/errors.js";
import { describeWith } from "../support/needs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-fashion-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("the embedded subset", () => {
  for (const [split, count] of [
    ["train", 10_000],
    ["test", 2000],
  ] as const) {
    const data = fashionMnist(split);
    expect(data).toMatchObject({ count, height: 28, width: 28, channels: 1, classes: fashionMnistClasses });
    expect(data.images).toHaveLength(count * 28 * 28);
    expect(data.labels).toHaveLength(count);
    const perClass = fashionMnistClasses.map((_, label) => data.labels.filter((l) => l === label).length);
    expect(Math.min(...perClass)).toBeGreaterThan(count / 10 / 1.2);
  }
});

describe("a folder that is not right", () => {
  const write = (name: string, shape: number[], data = new Uint8Array(shape.reduce((a, b) => a * b))): void =>
    writeFileSync(join(folder, `${name}.gz`), encodeIdx({ shape, data }));

  test("files that are missing", () => {
    expect(() => fashionMnist("train", { folder })).toThrow(
      /expected train-images-idx3-ubyte.gz or train-images-idx3-ubyte in it/,
    );
  });

  test("images and labels of different numbers", () => {
    write("train-images-idx3-ubyte", [3, 4, 4]);
    write("train-labels-idx1-ubyte", [2]);
    expect(() => fashionMnist("train", { folder })).toThrow(/got \[3, 4, 4\] and \[2\]/);
  });

  test("a label beyond the classes", () => {
    write("train-images-idx3-ubyte", [2, 4, 4]);
    write("train-labels-idx1-ubyte", [2], Uint8Array.of(1, 10));
    expect(() => fashionMnist("train", { folder })).toThrow(/label 1: expected a class below 10, got 10/);
  });

  test("a file cut short, packed and unpacked", () => {
    const packed = readFileSync(join(embeddedFashionMnist, "t10k-images-idx3-ubyte.gz"));
    copyFileSync(
      join(embeddedFashionMnist, "t10k-labels-idx1-ubyte.gz"),
      join(folder, "t10k-labels-idx1-ubyte.gz"),
    );
    writeFileSync(join(folder, "t10k-images-idx3-ubyte.gz"), packed.subarray(0, 5000));
    expect(() => fashionMnist("test", { folder })).toThrow(
      /t10k-images-idx3-ubyte.gz: expected gzip data, got unexpected end/,
    );
    rmSync(join(folder, "t10k-images-idx3-ubyte.gz"));
    writeFileSync(join(folder, "t10k-images-idx3-ubyte"), gunzipSync(packed).subarray(0, 5000));
    expect(() => fashionMnist("test", { folder })).toThrow(
      /expected 1568000 bytes for \[2000, 28, 28\], got 4984/,
    );
  });

  test("another set of the same form does not pass as the full one", () => {
    expect(fashionMnist("test", { folder: embeddedFashionMnist }).count).toBe(2000);
    expect(() => fashionMnist("test", { folder: embeddedFashionMnist, full: true })).toThrow(
      /expected Fashion-MNIST's t10k-images-idx3-ubyte \(SHA-256 5b41.*got another file/,
    );
  });

  test("one flipped bit that gzip does not see is seen by the checksum", () => {
    const all = gunzipSync(readFileSync(join(embeddedFashionMnist, "t10k-images-idx3-ubyte.gz")));
    all[1000]! ^= 1;
    writeFileSync(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(all));
    expect(() => fashionMnist("test", { folder, full: true })).toThrow(DataError);
  });
});

test("without a network the download says what to do", async () => {
  vi.stubEnv("XDG_CACHE_HOME", folder);
  // Where Debian's package is installed the whole set is found, and nothing is downloaded.
  if (existsSync("/usr/share/datasets/fashion-mnist"))
    expect(await provideFashionMnist()).toMatch(/^\/usr\/share/);
  else
    await expect(provideFashionMnist({ from: "http://127.0.0.1:9" })).rejects.toThrow(
      /put it into .*fashion-mnist\. On Debian and Ubuntu, apt-get install dataset-fashion-mnist/,
    );
});

describeWith(["file:/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"], "the whole set", () => {
  const debian = "/usr/share/datasets/fashion-mnist";

  test("is found where Debian puts it, and in the cache before that", () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    expect(findFashionMnist()).toBe(debian);
    const cached = join(folder, "jessl", "fashion-mnist");
    mkdirSync(cached, { recursive: true });
    for (const name of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"])
      copyFileSync(join(debian, `${name}-ubyte.gz`), join(cached, `${name}-ubyte.gz`));
    expect(findFashionMnist()).toBe(cached);
  });

  test("is read and holds the embedded subset", () => {
    const whole = fashionMnist("test", { folder: debian, full: true });
    expect(whole.count).toBe(10_000);
    expect(fashionMnist("train", { folder: debian, full: true }).count).toBe(60_000);
    const size = 28 * 28;
    const known = new Set(
      Array.from({ length: whole.count }, (_, i) =>
        Buffer.from(whole.images.subarray(i * size, (i + 1) * size)).toString("latin1"),
      ),
    );
    const embedded = fashionMnist("test");
    for (let i = 0; i < embedded.count; i++)
      expect(
        known.has(Buffer.from(embedded.images.subarray(i * size, (i + 1) * size)).toString("latin1")),
      ).toBe(true);
  });
});
