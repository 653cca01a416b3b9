/** The methods that a configuration can name. */
import { z } from "zod";
import { negativesSchema } from "./negatives.js";

const negatives = negativesSchema
  .prefault({ name: "batch" })
  .describe("what images are repelled from: the batch, nothing, one patch, or images of your own");
const momentum = z
  .number()
  .min(0)
  .max(1)
  .default(0.996)
  .describe("the teacher's momentum at the first step; it grows to 1 by a cosine");
const temperature = (value: number) => z.number().positive().default(value).describe("τ of the cosines");

const simclr = z.strictObject({ name: z.literal("simclr"), temperature: temperature(0.5), negatives });

const dcl = z.strictObject({ name: z.literal("dcl"), temperature: temperature(0.2), negatives });

const vicreg = z.strictObject({
  name: z.literal("vicreg"),
  invariance: z.number().nonnegative().default(25).describe("weight of the views' squared difference"),
  variance: z.number().nonnegative().default(25).describe("weight of the hinge on standard deviations"),
  covariance: z.number().nonnegative().default(1).describe("weight of squared covariances"),
});

const barlowTwins = z.strictObject({
  name: z.literal("barlow-twins"),
  redundancy: z.number().nonnegative().default(0.0051).describe("λ, the weight of what is off the diagonal"),
});

const byol = z.strictObject({ name: z.literal("byol"), momentum });

const simsiam = z.strictObject({ name: z.literal("simsiam") });

const moco = z.strictObject({
  name: z.literal("moco"),
  temperature: temperature(0.2),
  momentum,
  queue: z.int().positive().default(4096).describe("keys of earlier batches that are kept as negatives"),
  negatives,
});

const supervised = z.strictObject({
  name: z.literal("supervised"),
  smoothing: z.number().min(0).lt(1).default(0).describe("share of the target that goes to all classes"),
});

const supcon = z.strictObject({ name: z.literal("supcon"), temperature: temperature(0.1), negatives });

export const methodSchema = z.discriminatedUnion("name", [
  simclr,
  dcl,
  vicreg,
  barlowTwins,
  byol,
  simsiam,
  moco,
  supervised,
  supcon,
]);

export type MethodConfig = z.infer<typeof methodSchema>;
