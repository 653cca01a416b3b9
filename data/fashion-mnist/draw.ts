/**
 * Draws the embedded subset from the whole of Fashion-MNIST: the first 10,000 of a permutation of the training images
 * and the first 2,000 of one of the test images, each kept in the order of the original.
 *
 * Run after a build, with the folder of the four IDX files: node dist/data/fashion-mnist/draw.js <folder>
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { embeddedFashionMnist, fashionMnist } from "../../src/data/fashion-mnist.js";
import { encodeIdx } from "../../src/data/idx.js";
import { fold, key, permutation } from "../../src/random/index.js";

const seed = 2303;

const folder = process.argv[2];
if (folder === undefined) throw new Error("expected the folder of the four IDX files");
for (const [split, count, prefix] of [
  ["train", 10_000, "train"],
  ["test", 2000, "t10k"],
] as const) {
  const all = fashionMnist(split, { folder });
  const chosen = permutation(fold(key(seed), split === "train" ? 0 : 1), all.count)
    .slice(0, count)
    .sort();
  const size = all.height * all.width;
  const images = new Uint8Array(count * size);
  chosen.forEach((sample, i) => {
    images.set(all.images.subarray(sample * size, (sample + 1) * size), i * size);
  });
  const labels = Uint8Array.from(chosen, (sample) => all.labels[sample]!);
  const write = (name: string, shape: number[], data: Uint8Array): void =>
    writeFileSync(join(embeddedFashionMnist, `${prefix}-${name}-ubyte.gz`), encodeIdx({ shape, data }));
  write("images-idx3", [count, all.height, all.width], images);
  write("labels-idx1", [count], labels);
}
