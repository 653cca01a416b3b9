/** What a contrastive method repels images from. */
import { z } from "zod";

const copies = z
  .int()
  .positive()
  .default(64)
  .describe("how many views of it are made for a step, by the first view's augmentations");

const patch = z.strictObject({
  name: z.literal("patch"),
  source: z
    .enum(["sample", "photograph", "noise", "constant"])
    .default("sample")
    .describe("an image of the data set, a photograph of your own, uniform noise, or one grey"),
  sample: z
    .int()
    .nonnegative()
    .nullable()
    .default(null)
    .describe("sample: which image; null: chosen by the seed"),
  photograph: z
    .string()
    .nullable()
    .default(null)
    .describe("photograph: its file, in a format that sharp reads"),
  side: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "side of the patch in pixels, cut at a place chosen by the seed and resized to the images' size; null: all",
    ),
  grey: z.number().min(0).max(1).default(0.5).describe("constant: its grey"),
  copies,
});

const images = z.strictObject({
  name: z.literal("images"),
  file: z
    .string()
    .describe("a safetensors file with one tensor [count, height, width, channels] in 0 … 1 or bytes"),
  copies: copies.default(1).describe("how many views of each image are made for a step"),
});

export const negativesSchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("batch") }),
  z.strictObject({ name: z.literal("none") }),
  patch,
  images,
]);

export type NegativesConfig = z.infer<typeof negativesSchema>;
