/** Optimisers and learning-rate schedules that a configuration can name. */
import { z } from "zod";

const lr = (value: number) =>
  z.number().positive().default(value).describe("base learning rate, the highest of the schedule");
const weightDecay = (value: number) => z.number().nonnegative().default(value).describe("weight decay");
const momentum = z.number().min(0).lt(1).default(0.9).describe("momentum");
const decayOneDimensional = z
  .boolean()
  .default(false)
  .describe("whether biases and batch-norm scales decay too");

const exclude = z
  .array(z.string())
  .default([])
  .describe("paths of parameters without weight decay, such as encoder.block1 or *.bias");

const adamw = z.strictObject({
  name: z.literal("adamw"),
  lr: lr(6e-3),
  weightDecay: weightDecay(1e-2),
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the mean of gradients"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("decay of the mean of squares"),
  epsilon: z.number().positive().default(1e-8).describe("added to the root of the mean of squares"),
  decayOneDimensional,
  exclude,
});

const sgd = z.strictObject({
  name: z.literal("sgd"),
  lr: lr(0.05),
  weightDecay: weightDecay(1e-4),
  momentum,
  nesterov: z.boolean().default(false).describe("Nesterov's form of momentum"),
  decayOneDimensional,
  exclude,
});

const lars = z.strictObject({
  name: z.literal("lars"),
  lr: lr(0.5),
  weightDecay: weightDecay(1e-6),
  momentum,
  trust: z.number().positive().default(0.001).describe("trust coefficient η"),
  exclude,
});

export const optimiserSchema = z.discriminatedUnion("name", [adamw, sgd, lars]);

export const scheduleSchema = z.strictObject({
  name: z.enum(["cosine", "constant"]).default("cosine").describe("after the warm-up: cosine or constant"),
  warmupEpochs: z.number().nonnegative().default(0.5).describe("epochs of linear growth from 0"),
  end: z.number().min(0).max(1).default(0.001).describe("the last learning rate, as a share of the base"),
  scaleByBatch: z.boolean().default(false).describe("multiply the base by batch / 256"),
});

export type OptimiserConfig = z.infer<typeof optimiserSchema>;
export type ScheduleConfig = z.infer<typeof scheduleSchema>;
