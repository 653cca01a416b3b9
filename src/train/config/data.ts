/** The data sets that a configuration can name. */
import { z } from "zod";
import { turboInstall } from "../../data/turbo.js";

const train = z
  .int()
  .positive()
  .nullable()
  .default(null)
  .describe("train on so many of the training images; null: on all");

const size = z
  .int()
  .positive()
  .nullable()
  .default(null)
  .describe("side of the square that images are resized to; null: they have one size already");

const fashionMnist = z.strictObject({
  name: z.literal("fashion-mnist"),
  set: z
    .enum(["embedded", "full"])
    .default("embedded")
    .describe("embedded: 10,000 + 2,000 images that come with jessl; full: 60,000 + 10,000"),
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe("the folder of its IDX files; null: where the set is on this machine, or a download"),
  train,
});

const cifar = z.strictObject({
  name: z.enum(["cifar10", "cifar100"]),
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "the folder of the binary files, or of train/<class>/ and test/<class>/ with images; null: JESSL_CIFAR10 or JESSL_CIFAR100, the cache, or a download",
    ),
  train,
});

const scenes = z.strictObject({
  name: z.literal("scenes"),
  level: z.enum(["easy", "medium", "hard"]).default("medium").describe("how hard the shape is to tell"),
  size: z.int().min(16).max(256).default(32).describe("side of the images in pixels"),
  count: z.int().positive().default(10_000).describe("training images that are drawn"),
  seed: z.int().min(0).max(0xffffffff).default(0).describe("which scenes are drawn"),
  train,
});

const corrupt = z
  .enum(["error", "skip"])
  .default("error")
  .describe("what a corrupt image does: end the run, or be replaced by another one of its batch");

/** How images are read that are decoded while training. */
const streaming = {
  stream: z
    .boolean()
    .default(false)
    .describe("decode images while training, for sets that do not fit into memory"),
  order: z
    .enum(["random", "quasi-random", "sequential"])
    .default("random")
    .describe("order when streaming; quasi-random reads the file page by page"),
  workers: z
    .int()
    .min(0)
    .max(64)
    .default(2)
    .describe("threads that decode; 0: the training thread, best for small raw images"),
  decoder: z
    .enum(["auto", "sharp", "turbo"])
    .default("auto")
    .describe(
      `what decodes JPEG: turbo is faster and wants npm i ${turboInstall}; auto: turbo where it is there and pixels do not depend on it`,
    ),
  crop: z
    .boolean()
    .default(false)
    .describe(
      "when streaming, the views' random resized crops and flips are made of the whole images, as these are decoded",
    ),
  corrupt,
};

const imageFolder = z.strictObject({
  name: z.literal("image-folder"),
  folder: z.string().describe("holds train/<class>/*.jpg and test/<class>/*.jpg (or .png)"),
  size,
  grey: z.boolean().default(false).describe("one channel in place of three"),
  ...streaming,
  train,
});

const parquet = z.strictObject({
  name: z.literal("parquet"),
  folder: z.string().describe("holds train*.parquet and test*.parquet"),
  image: z.string().nullable().default(null).describe("column of the images; null: image or img"),
  label: z.string().nullable().default(null).describe("column of the classes; null: label"),
  size,
  grey: z.boolean().default(false).describe("one channel in place of three"),
  train,
});

const beton = z.strictObject({
  name: z.literal("beton"),
  path: z.string().describe("the .beton file of the training images"),
  test: z.string().nullable().default(null).describe("that of the test images; null: there are none"),
  image: z.string().nullable().default(null).describe("field of the images; null: the first of its type"),
  label: z.string().nullable().default(null).describe("field of the classes; null: the first whole numbers"),
  size,
  grey: z.boolean().default(false).describe("one channel in place of three"),
  ...streaming,
  train,
});

export const dataSchema = z.discriminatedUnion("name", [
  fashionMnist,
  cifar,
  scenes,
  imageFolder,
  parquet,
  beton,
]);

export type DataConfig = z.infer<typeof dataSchema>;
