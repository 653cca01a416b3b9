/** The data sets that a configuration can name. */
import { z } from "zod";

const train = z
  .int()
  .positive()
  .nullable()
  .default(null)
  .describe("train on so many of the training images; null: on all");

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

export const dataSchema = z.discriminatedUnion("name", [fashionMnist]);

export type DataConfig = z.infer<typeof dataSchema>;
