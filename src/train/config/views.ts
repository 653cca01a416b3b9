/** The augmentations that a configuration can name, and how they make views. */
import { z } from "zod";

const range = z.tuple([z.number(), z.number()]);
const strength = (value: number) =>
  z.number().nonnegative().default(value).describe("the factor is drawn from 1 − strength to 1 + strength");
const probability = (value: number) =>
  z.number().min(0).max(1).default(value).describe("the probability that it is applied");

export const augmentationSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("randomResizedCrop"),
    scale: range.default([0.3, 1]).describe("share of the area that is cut out"),
    ratio: range.default([3 / 4, 4 / 3]).describe("width by height of the cut"),
  }),
  z.strictObject({ name: z.literal("horizontalFlip"), probability: probability(0.5) }),
  z.strictObject({ name: z.literal("brightness"), strength: strength(0.4), probability: probability(0.8) }),
  z.strictObject({ name: z.literal("contrast"), strength: strength(0.4), probability: probability(0.8) }),
  z.strictObject({
    name: z.literal("gaussianNoise"),
    sigma: z.number().nonnegative().default(0.5).describe("standard deviation; pixels lie in 0 … 1"),
  }),
]);

const standard = z
  .array(augmentationSchema)
  .parse([
    { name: "randomResizedCrop" },
    { name: "horizontalFlip" },
    { name: "brightness" },
    { name: "contrast" },
  ]);

export const viewsSchema = z.strictObject({
  count: z.int().min(1).default(2).describe("views of each image"),
  pipelines: z
    .array(z.array(augmentationSchema))
    .min(1)
    .default([standard])
    .describe("augmentations in order: one list for all views, or one each"),
});

export type AugmentationConfig = z.infer<typeof augmentationSchema>;
export type ViewsConfig = z.infer<typeof viewsSchema>;
