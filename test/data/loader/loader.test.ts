/** The loader: orders, batches that do not depend on workers, corrupt samples by name, no leak. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BetonWriteOptions, writeBeton } from "../../../src/data/beton/writer.js";
import { type Batch, Loader, type LoaderOptions } from "../../../src/data/loader/loader.js";
import { openPages, orderOf } from "../../../src/data/loader/order.js";
import { betonSource, type ImageSource, imageFolderSource } from "../../../src/data/loader/source.js";
import { key } from "../../../src/random/index.js";
import { DataError } from "../../../src/support/errors.js";

let folder: string;
let raw: string;
let jpg: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jessl-loader-"));
  raw = await write("raw.beton", 100);
  jpg = await write("jpg.beton", 40, { images: "jpg" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of 8 × 8 images; the first pixel of each tells its number. */
async function write(name: string, count: number, options: BetonWriteOptions = {}): Promise<string> {
  const path = join(folder, name);
  await writeBeton(
    path,
    { image: { type: "rgb" }, label: { type: "int" } },
    count,
    async (i) => ({
      image: { pixels: async () => new Uint8Array(192).fill(i), width: 8, height: 8 },
      label: i % 7,
    }),
    { pageSize: 2 ** 21, ...options },
  );
  return path;
}

async function all(source: ImageSource, options: LoaderOptions, epochs = 1): Promise<Batch[]> {
  const loader = new Loader(source, options);
  try {
    const batches: Batch[] = [];
    for (let epoch = 0; epoch < epochs; epoch++)
      for await (const batch of loader.epoch(epoch)) batches.push(batch);
    return batches;
  } finally {
    await loader.close();
  }
}

const samplesOf = (batches: Batch[]): number[] => batches.flatMap(({ samples }) => [...samples]);

describe("orders", () => {
  const pageOf = (sample: number): number => Math.floor(sample / 8);

  test("every order holds every sample once; the same key gives the same order", () => {
    const order = fc.constantFrom("sequential", "random", "quasi-random");
    fc.assert(
      fc.property(order, fc.integer({ min: 0, max: 400 }), fc.nat(), (name, count, seed) => {
        const samples = Uint32Array.from({ length: count }, (_, i) => 3 * i);
        const first = orderOf(name, key(seed), samples, pageOf);
        expect([...first].sort((a, b) => a - b)).toEqual([...samples]);
        expect(orderOf(name, key(seed), samples, pageOf)).toEqual(first);
      }),
    );
  });

  test("quasi-random order opens few pages at a time", () => {
    const samples = Uint32Array.from({ length: 4000 }, (_, i) => i);
    const order = orderOf("quasi-random", key(1), samples, pageOf);
    const left = new Map<number, number>();
    let most = 0;
    for (const sample of order) {
      const page = pageOf(sample);
      left.set(page, (left.get(page) ?? 8) - 1);
      if (left.get(page) === 0) left.delete(page);
      most = Math.max(most, left.size);
    }
    expect(most).toBeLessThanOrEqual(openPages);
    expect(order).not.toEqual(samples);
    expect(orderOf("quasi-random", key(2), samples, pageOf)).not.toEqual(order);
  });
});

test("batches hold the images and the labels of their samples", async () => {
  const batches = await all(betonSource(raw), { batch: 16, seed: 3 });
  expect(batches).toHaveLength(6);
  for (const { images, labels, samples } of batches) {
    expect(images).toHaveLength(16 * 192);
    samples.forEach((sample, i) => {
      expect(images.subarray(i * 192, (i + 1) * 192)).toEqual(new Uint8Array(192).fill(sample));
      expect(labels[i]).toBe(sample % 7);
    });
  }
  expect(new Set(samplesOf(batches)).size).toBe(96);
});

test("memory that is used again holds the same images, while a batch is at hand", async () => {
  const expected = await all(betonSource(raw), { batch: 16, seed: 3 }, 2);
  const loader = new Loader(betonSource(raw), { batch: 16, seed: 3, reuse: true });
  const buffers = new Set<ArrayBufferLike>();
  for (const [i, { images, labels, samples }] of expected.entries()) {
    const batch = await loader.batch(Math.floor(i / loader.length), i % loader.length);
    expect(batch).toMatchObject({ labels, samples });
    expect(Buffer.compare(batch.images, images)).toBe(0);
    buffers.add(batch.images.buffer);
  }
  await loader.close();
  // The file and all batches lie in one memory.
  expect(buffers.size).toBe(1);
  expect([...buffers][0]!.byteLength).toBeGreaterThan(statSync(raw).size);
});

test.each([[1], [3]])("memory that is shared with %d workers holds the same images", async (workers) => {
  const options = { batch: 30, seed: 3, dropLast: false };
  const expected = await all(betonSource(jpg), options, 3);
  const loader = new Loader(betonSource(jpg), { ...options, workers, reuse: true });
  const buffers = new Set<ArrayBufferLike>();
  // In order, and where batches that were begun are not asked for.
  for (const at of [0, 1, 2, 3, 0, 5, 1, 4, 2, 0, 3]) {
    const { images, labels, samples } = await loader.batch(Math.floor(at / 2), at % 2);
    expect({ labels, samples }).toMatchObject({
      labels: expected[at]!.labels,
      samples: expected[at]!.samples,
    });
    expect(Buffer.compare(images, expected[at]!.images)).toBe(0);
    expect(images.buffer).toBeInstanceOf(SharedArrayBuffer);
    buffers.add(images.buffer);
  }
  await loader.close();
  // One at hand, those ahead, and those that were not asked for while they were decoded.
  expect(buffers.size).toBeLessThanOrEqual(6);
});

test("what is closed while its workers begin ends its batches first, and never the process", async () => {
  for (let i = 0; i < 10; i++) {
    const loader = new Loader(betonSource(jpg), { batch: 30, workers: 3, dropLast: false });
    const batches = [loader.batch(0, 0), loader.batch(3, 0), loader.batch(6, 0)];
    const closed = loader.close();
    await expect(Promise.all(batches)).resolves.toHaveLength(3);
    await closed;
    await new Loader(betonSource(jpg), { batch: 30, workers: 3 }).close();
  }
});

test("memory that is used again suits the short batch at the end and the full one after it", async () => {
  const options = { batch: 30, seed: 3, dropLast: false };
  const expected = await all(betonSource(raw), options, 2);
  const loader = new Loader(betonSource(raw), { ...options, reuse: true, prefetch: 0 });
  for (const [i, { images }] of expected.entries()) {
    const batch = await loader.batch(Math.floor(i / loader.length), i % loader.length);
    expect(Buffer.compare(batch.images, images)).toBe(0);
  }
  await loader.close();
});

test("epochs differ, seeds differ, the same ones agree", async () => {
  const source = betonSource(raw);
  const order = async (seed: number): Promise<number[]> =>
    samplesOf(await all(source, { batch: 50, seed }, 2));
  const first = await order(1);
  expect(first.slice(0, 100)).not.toEqual(first.slice(100));
  expect(await order(1)).toEqual(first);
  expect(await order(2)).not.toEqual(first);
});

test("dropLast, indices and filter", async () => {
  const source = betonSource(raw);
  expect((await all(source, { batch: 30 })).map(({ samples }) => samples.length)).toEqual([30, 30, 30]);
  expect((await all(source, { batch: 30, dropLast: false })).map(({ samples }) => samples.length)).toEqual([
    30, 30, 30, 10,
  ]);
  const options = {
    batch: 2,
    order: "sequential",
    indices: [9, 4, 4, 50, 7],
    filter: (i: number) => i < 10,
  } as const;
  expect(samplesOf(await all(source, options))).toEqual([9, 4, 4, 7]);
  expect(() => new Loader(source, { batch: 1, indices: [100] })).toThrow(
    /expected samples below 100, got 100/,
  );
  expect(() => new Loader(source, { batch: 101 })).toThrow(
    /expected at most 100, the number of samples, got 101/,
  );
  expect(() => new Loader(source, { batch: 0 })).toThrow(DataError);
});

test.each([["raw"], ["jpg"]])(
  "the same batches for 0, 1 and 3 workers, in any order of asking: %s",
  async (kind) => {
    const source = betonSource(kind === "raw" ? raw : jpg);
    const options = { batch: 20, seed: 5 };
    const expected = await all(source, options, 2);
    expect(await all(source, { ...options, workers: 1 }, 2)).toEqual(expected);
    expect(await all(source, { ...options, workers: 3, prefetch: 4 }, 2)).toEqual(expected);
    const loader = new Loader(source, { ...options, workers: 2 });
    for (const [epoch, number] of [
      [1, 1],
      [0, 0],
      [1, 0],
      [0, 1],
    ] as const)
      expect(await loader.batch(epoch, number)).toEqual(expected[epoch * loader.length + number]);
    await loader.close();
  },
);

test("another size, and grey", async () => {
  const [batch] = await all(betonSource(raw, { size: 4 }), { batch: 10, order: "sequential" });
  expect(batch!.images).toHaveLength(10 * 48);
  expect(batch!.images[9 * 48]).toBe(9);
  const [grey] = await all(betonSource(jpg, { grey: true }), { batch: 10, order: "sequential", workers: 1 });
  expect(grey!.images).toHaveLength(10 * 64);
  expect(Math.abs(grey!.images[9 * 64]! - 9)).toBeLessThan(3);
});

describe("a corrupt record", () => {
  const damaged = (): string => {
    const bytes = readFileSync(jpg);
    // The 4th image's data: its pointer stands in the record; the JPEG's second marker becomes nonsense.
    const record = 24 + 2 * 1041 + 3 * 24;
    const place = Number(bytes.readBigUInt64LE(record + 5));
    bytes.fill(0, place, place + 40);
    const path = join(folder, "damaged.beton");
    writeFileSync(path, bytes);
    return path;
  };

  test.each([[0], [2]])("is named, with %d workers", async (workers) => {
    await expect(all(betonSource(damaged()), { batch: 20, workers })).rejects.toThrow(
      /^file .*damaged.beton: sample 3: byte \d+: expected an image, got/,
    );
  });

  test.each([[0], [2]])("is left out if asked, with %d workers", async (workers) => {
    const options = { batch: 20, order: "sequential", corrupt: "skip", workers } as const;
    const [first, second] = await all(betonSource(damaged()), options);
    expect([...first!.samples]).toEqual([0, 1, 2, ...Array.from({ length: 16 }, (_, i) => i + 4)]);
    expect(first!.skipped).toMatchObject([{ sample: 3, message: expect.stringContaining("sample 3") }]);
    expect(first!.images).toHaveLength(19 * 192);
    expect(Math.abs(first!.images[3 * 192]! - 4)).toBeLessThan(3);
    expect(second!.skipped).toEqual([]);
  });

  test("among raw images in memory that is used again is named, or left out", async () => {
    const bytes = readFileSync(raw);
    bytes.writeUInt16LE(9, 24 + 2 * 1041 + 5 * 24 + 1);
    const path = join(folder, "wide.beton");
    writeFileSync(path, bytes);
    const source = {
      ...betonSource(raw),
      description: { ...betonSource(raw).description, path },
    } as ImageSource;
    const options = { batch: 20, order: "sequential", reuse: true } as const;
    await expect(all(source, options)).rejects.toThrow(
      /wide.beton: field image: sample 5: .*for 9 × 8 pixels|wide.beton: sample 5:/,
    );
    const loader = new Loader(source, { ...options, corrupt: "skip" });
    for (const number of [0, 1, 0, 2]) {
      const { images, samples } = await loader.batch(0, number);
      expect(samples).toHaveLength(number === 0 ? 19 : 20);
      samples.forEach((sample, i) => {
        expect(images[i * 192]).toBe(sample);
      });
    }
    await loader.close();
  });

  test("in a folder, the file is named", async () => {
    mkdirSync(join(folder, "images/train/a"), { recursive: true });
    const image = await sharp({ create: { width: 9, height: 5, channels: 3, background: "#336699" } })
      .png()
      .toBuffer();
    for (let i = 0; i < 6; i++) writeFileSync(join(folder, `images/train/a/${i}.png`), image);
    const source = imageFolderSource(join(folder, "images"), "train", { size: 4 });
    const [batch] = await all(source, { batch: 6 });
    expect([...batch!.images.subarray(0, 3)]).toEqual([0x33, 0x66, 0x99]);
    writeFileSync(join(folder, "images/train/a/2.png"), image.subarray(0, 50));
    await expect(all(source, { batch: 6 })).rejects.toThrow(/^file .*train\/a\/2.png: expected an image/);
  });
});

test("sources that do not fit are named", async () => {
  await writeBeton(join(folder, "text.beton"), { text: { type: "bytes" } }, 1, async () => ({
    text: new Uint8Array(1),
  }));
  expect(() => betonSource(join(folder, "text.beton"))).toThrow(
    /expected a field of images and one of whole numbers, got the fields text/,
  );
  const fields = { image: { type: "rgb" }, label: { type: "int" } } as const;
  const sizes = async (i: number) => ({
    image: { pixels: async () => new Uint8Array(3 * (i + 1)), width: i + 1, height: 1 },
    label: 0,
  });
  await writeBeton(join(folder, "sizes.beton"), fields, 2, sizes);
  expect(() => betonSource(join(folder, "sizes.beton"))).toThrow(
    /sample 1: expected 1 × 1 pixels as the first image has, got 2 × 1; give a size/,
  );
});

test.each<Partial<LoaderOptions>>([
  { workers: 1, prefetch: 3 },
  { workers: 0 },
  { workers: 0, reuse: true },
  { workers: 1, reuse: true },
  { workers: 0, crop: { views: 2 } },
])("100 epochs leak neither memory nor files: %o", async (options) => {
  const source = betonSource(raw);
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  const measure = process.platform === "linux" ? openFiles : () => 0;
  const run = async (epochs: number): Promise<void> => {
    const loader = new Loader(source, { batch: 10, ...options });
    let count = 0;
    for (let epoch = 0; epoch < epochs; epoch++)
      for await (const { samples } of loader.epoch(epoch)) count += samples.length;
    await loader.close();
    expect(count).toBe(100 * epochs);
  };
  setFlagsFromString("--expose-gc");
  const collect = async (): Promise<void> => {
    // The memory of array buffers is swept on another thread.
    for (let i = 0; i < 2; i++) {
      (runInNewContext("gc") as () => void)();
      await setTimeout(50);
    }
  };
  await run(20);
  await collect();
  const [files, memory, resident] = [
    measure(),
    process.memoryUsage().arrayBuffers,
    process.memoryUsage().rss,
  ];
  await run(100);
  expect(measure()).toBeLessThanOrEqual(files);
  await collect();
  // An epoch holds 19 kB of images; if batches were kept, 100 epochs would add 1.9 MB.
  expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(300_000);
  expect(process.memoryUsage().rss - resident).toBeLessThan(64e6);
});
