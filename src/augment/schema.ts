/**
 * Augmentations as data: what a configuration can name, with a default and a description of every option. The names and
 * meanings are those of the functions that make them (see create.ts).
 */
import { z } from "zod";
import { borders } from "./border.js";
import { corners } from "./center-crop.js";
import { interpolations } from "./rotate.js";

const number = z.number();
const whole = (value: number, low = 0) => z.int().min(low).default(value);
const range = z.tuple([number, number]);
const probability = (value: number) =>
  number.min(0).max(1).default(value).describe("how often it is applied, 0 … 1");
const fill = (value: number) =>
  z
    .union([number, z.array(number).min(1)])
    .default(value)
    .describe("the colour there, 0 … 1: one number, or one a channel");
const size = z
  .union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])])
  .nullable()
  .default(null);
const border = z
  .enum(borders)
  .default("constant")
  .describe(`what stands there: ${borders.join(", ")}`);
const samples = z
  .array(z.int().nonnegative())
  .default([])
  .describe("the numbers, in the data set, of the samples that get it");
const factor = (value: number) => z.union([number.nonnegative(), range]).default(value);
const strength = (value: number) =>
  factor(value).describe("s for factors from 1 − s to 1 + s, or [lowest, highest]");
const ratioOfSide = number
  .positive()
  .max(1)
  .default(1)
  .describe("side of the square by the image's shorter side");

export const augmentationSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("randomResizedCrop"),
    scale: range.default([0.08, 1]).describe("share of the area that is cut out"),
    ratio: range.default([3 / 4, 4 / 3]).describe("width by height of the cut"),
    size: size.describe("height and width of the result; null: the image's"),
    apartFrom: z
      .int()
      .nonnegative()
      .optional()
      .describe("the number, from 0, of an earlier view whose crop this one does not overlap"),
  }),
  z.strictObject({
    name: z.literal("randomCrop"),
    padding: whole(4).describe("pixels added on every side before the crop"),
    size: size.describe("height and width of the crop; null: the image's"),
    border,
    fill: fill(0),
  }),
  z.strictObject({
    name: z.literal("centerCrop"),
    ratio: ratioOfSide,
    size: size.describe("height and width it is resized to; null: its own"),
  }),
  z.strictObject({
    name: z.literal("cornerCrop"),
    corner: z
      .enum(corners)
      .default("top-left")
      .describe(`which one: ${corners.join(", ")}`),
    ratio: ratioOfSide,
    size: size.describe("height and width it is resized to; null: its own"),
  }),
  z.strictObject({
    name: z.literal("pad"),
    padding: z
      .union([z.int().nonnegative(), z.array(z.int().nonnegative()).length(4)])
      .default(4)
      .describe("pixels on every side, or [top, right, bottom, left]"),
    border,
    fill: fill(0),
  }),
  z.strictObject({ name: z.literal("horizontalFlip"), probability: probability(0.5) }),
  z.strictObject({
    name: z.literal("translate"),
    distance: whole(4).describe("the greatest distance in pixels, along each axis"),
    fill: fill(0.5),
  }),
  z.strictObject({
    name: z.literal("rotate"),
    degrees: z.union([number, range]).default(11.5).describe("a for −a … a, or [lowest, highest]"),
    interpolation: z.enum(interpolations).default("bilinear").describe(interpolations.join(" or ")),
    fill: fill(0),
    probability: probability(0.5),
  }),
  z.strictObject({
    name: z.literal("colorJitter"),
    brightness: strength(0.4),
    contrast: strength(0.4),
    saturation: strength(0.2),
    hue: z
      .union([number.min(0).max(0.5), range])
      .default(0.1)
      .describe("turns: h for −h … h, or [lowest, highest]; at most 0.5"),
    probability: probability(0.8),
  }),
  z.strictObject({ name: z.literal("brightness"), strength: strength(0.4), probability: probability(0.8) }),
  z.strictObject({ name: z.literal("contrast"), strength: strength(0.4), probability: probability(0.8) }),
  z.strictObject({ name: z.literal("grayscale"), probability: probability(0.2) }),
  z.strictObject({
    name: z.literal("solarization"),
    threshold: number.default(128 / 255).describe("pixels from this value on become their negative"),
    probability: probability(0.2),
  }),
  z.strictObject({
    name: z.literal("gaussianBlur"),
    sigma: range.default([0.1, 2]).describe("standard deviation in pixels"),
    kernel: z
      .union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])])
      .default(5)
      .describe("height and width of the kernel, odd"),
    probability: probability(0.5),
  }),
  z.strictObject({
    name: z.literal("gaussianNoise"),
    sigma: z
      .union([number.nonnegative(), range])
      .default(0.5)
      .describe("standard deviation, or [lowest, highest]; pixels lie in 0 … 1"),
  }),
  z.strictObject({
    name: z.literal("randomErasing"),
    scale: range.default([0.08, 0.4]).describe("share of the area that goes"),
    ratio: range.default([0.3, 3]).describe("height by width of the rectangle"),
    fill: fill(0.5),
    probability: probability(0.5),
  }),
  z.strictObject({
    name: z.literal("cutout"),
    size: whole(8, 1).describe("side of the square in pixels"),
    fill: fill(0),
  }),
  z.strictObject({
    name: z.literal("mixup"),
    alpha: number
      .positive()
      .default(0.2)
      .describe("the image's own weight has the distribution Beta(alpha, alpha)"),
    sameWeight: z.boolean().default(false).describe("one weight for the whole batch"),
  }),
  z.strictObject({
    name: z.literal("poison"),
    samples,
    trigger: whole(3, 1).describe("side of the checkerboard in the bottom right corner, in pixels"),
    opacity: number.min(0).max(1).default(1).describe("of the trigger"),
  }),
  z.strictObject({
    name: z.literal("replaceLabel"),
    samples,
    label: whole(0).describe("the class that they get"),
  }),
  z.strictObject({
    name: z.literal("normalize"),
    mean: fill(0.5).describe("what is taken off: one number, or one a channel"),
    deviation: fill(0.25).describe("what it is divided by then: one number, or one a channel"),
  }),
]);

/** An augmentation with all its options. */
export type AugmentationConfig = z.infer<typeof augmentationSchema>;

/** An augmentation with those options that are not the defaults. */
export type AugmentationInput = z.input<typeof augmentationSchema>;
