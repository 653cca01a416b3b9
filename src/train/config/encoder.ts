/** The encoders that a configuration can name. */
import { z } from "zod";

const convnet = z.strictObject({
  name: z.literal("convnet"),
  widths: z
    .array(z.int().positive())
    .min(1)
    .default([16, 32, 64, 128])
    .describe("channels of its 3×3 blocks"),
});

const width = (value: number) => z.int().positive().default(value).describe("channels of the first stage");
const stem = (value: "cifar" | "imagenet") =>
  z
    .enum(["cifar", "imagenet"])
    .default(value)
    .describe("first layers: cifar keeps the resolution, imagenet quarters it");

const weights = z
  .string()
  .nullable()
  .default(null)
  .describe("start from torchvision's weights in this .safetensors or .npz file; null: from random ones");

const smallResnet = z.strictObject({ name: z.literal("resnet8"), width: width(16), stem: stem("cifar") });

const resnet = z.strictObject({
  name: z.enum(["resnet18", "resnet34", "resnet50"]),
  width: width(64),
  stem: stem("cifar"),
  weights,
});

const vgg = z.strictObject({
  name: z.enum(["vgg11", "vgg16"]),
  width: width(64),
  norm: z.boolean().default(true).describe("batch norm after every convolution"),
});

const vit = z.strictObject({
  name: z.literal("vit"),
  patch: z.int().positive().default(4).describe("side of a patch in pixels"),
  width: z.int().positive().default(192).describe("features of a token"),
  depth: z.int().positive().default(12).describe("blocks"),
  heads: z.int().positive().default(3).describe("heads of attention, a divisor of the width"),
  mlpRatio: z
    .number()
    .positive()
    .default(4)
    .describe("hidden width of the MLPs as a multiple of the token's"),
  pool: z
    .enum(["token", "mean"])
    .default("token")
    .describe("the representation: the class token's output, or the mean of the patches'"),
  patchKeep: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe("share of the patches that a training step keeps"),
});

export const encoderSchema = z.discriminatedUnion("name", [convnet, smallResnet, resnet, vgg, vit]);

export type EncoderConfig = z.infer<typeof encoderSchema>;
