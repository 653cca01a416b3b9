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

const smallResnet = z.strictObject({ name: z.literal("resnet8"), width: width(16), stem: stem("cifar") });

const resnet = z.strictObject({ name: z.enum(["resnet18"]), width: width(64), stem: stem("cifar") });

export const encoderSchema = z.discriminatedUnion("name", [convnet, smallResnet, resnet]);

export type EncoderConfig = z.infer<typeof encoderSchema>;
