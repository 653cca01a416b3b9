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

const resnet = z.strictObject({
  name: z.enum(["resnet8", "resnet18"]),
  width: z.int().positive().default(64).describe("channels of the first stage"),
});

export const encoderSchema = z.discriminatedUnion("name", [convnet, resnet]);

export type EncoderConfig = z.infer<typeof encoderSchema>;
