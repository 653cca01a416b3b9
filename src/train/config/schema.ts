/**
 * What a training run is made of. Every key has a default and a description; `jessl train --print-config` prints both.
 * Unknown keys are errors at every level.
 */
import { z } from "zod";
import { deviceNames, precisions } from "../../engine/run/device.js";
import { collapseSchema } from "./collapse.js";
import { dataSchema } from "./data.js";
import { encoderSchema } from "./encoder.js";
import { methodSchema } from "./method.js";
import { optimiserSchema, scheduleSchema } from "./optimiser.js";
import { probesSchema } from "./probes.js";
import { viewsSchema } from "./views.js";

const checkpointSchema = z.strictObject({
  everyEpochs: z.number().positive().default(1).describe("save so often; 0.5 is twice an epoch"),
  keep: z.int().positive().default(2).describe("how many of the latest checkpoints stay"),
  best: z
    .string()
    .nullable()
    .default(null)
    .describe("a metric, such as loss or knn: the checkpoint where it is best stays too"),
  bestIs: z.enum(["max", "min"]).default("min").describe("whether the best is the greatest or the least"),
});

const resolutionSchema = z.strictObject({
  min: z.int().positive().describe("side of the views in pixels up to startEpoch"),
  max: z.int().positive().describe("side of the views in pixels from endEpoch on"),
  startEpoch: z.int().nonnegative().default(0).describe("the last epoch of the smallest side"),
  endEpoch: z.int().positive().describe("the first epoch of the largest side, counted from 0"),
  multiple: z.int().positive().default(4).describe("between, the side is a multiple of this"),
});

const lossScaleSchema = z.strictObject({
  start: z.number().positive().default(65536).describe("the scale of the first step; an overflow halves it"),
  growEvery: z.int().positive().default(2000).describe("so many good steps in a row double it"),
});

export const trainConfigSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, "expected letters, digits, dots, - and _ only")
    .nullable()
    .default(null)
    .describe("the run's folder is runs/<name>; null: made from method, encoder, batch and seed"),
  seed: z.int().min(0).max(0xffffffff).default(1).describe("the same seed gives the same run, bit for bit"),
  device: z
    .enum([...deviceNames, "auto"])
    .default("cpu")
    .describe("cpu, webgpu, cuda, tensorflow, wasm; auto: the fastest here (see jessl doctor)"),
  precision: z
    .enum(precisions)
    .default("float32")
    .describe(
      "mixed: float16 in convolutions and products, on webgpu and cuda (cpu: the same numbers, slowly)",
    ),
  threads: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "threads within an operation on the CPU; null: JESSL_THREADS, or as many as the machine offers",
    ),
  recompute: z
    .boolean()
    .default(false)
    .describe(
      "compute activations of the encoder's blocks again in the backward pass: the same results, less memory, more time",
    ),
  lossScale: lossScaleSchema
    .prefault({})
    .describe("with mixed precision: what the loss is multiplied by, so that small gradients do not vanish"),
  epochs: z.int().positive().default(5).describe("passes over the training images"),
  batch: z.int().min(2).default(64).describe("images a step; each is seen in every view"),
  accumulate: z
    .int()
    .positive()
    .default(1)
    .describe("split the batch into so many parts to save memory; their gradients are averaged"),
  data: dataSchema.prefault({ name: "fashion-mnist" }).describe("the images"),
  encoder: encoderSchema
    .prefault({ name: "convnet" })
    .describe("the network whose output is the representation"),
  projector: z
    .string()
    .regex(/^$|^\d+(-\d+)*$/, "expected widths such as 512-128, or an empty text for none")
    .default("128-64")
    .describe("widths of the MLP between representation and loss"),
  projectorRelu: z.boolean().default(false).describe("a ReLU after the projector's last layer too"),
  projectorCoefficient: z
    .number()
    .positive()
    .default(1)
    .describe("multiplies the width of the projector's last hidden layer"),
  method: methodSchema.prefault({ name: "simclr" }).describe("the method"),
  views: viewsSchema.prefault({}).describe("how the views of an image are made"),
  resolution: resolutionSchema
    .nullable()
    .default(null)
    .describe("small views early in training, large ones late; null: one size"),
  freeze: z
    .array(z.string())
    .default([])
    .describe("paths of parameters that do not train, such as encoder.block1; batch-norm statistics too"),
  optimiser: optimiserSchema.prefault({ name: "adamw" }).describe("the optimiser"),
  schedule: scheduleSchema.prefault({}).describe("the learning rate over time"),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("limit for the norm of all gradients together; null: none"),
  collapse: collapseSchema.prefault({}).describe("when a run counts as collapsed, and what happens then"),
  tensorboard: z.boolean().default(true).describe("whether events/ is written, for TensorBoard"),
  probes: probesSchema
    .prefault({})
    .describe("classifiers that learn beside the encoder, and tell what it knows"),
  evaluateEvery: z
    .int()
    .nonnegative()
    .default(0)
    .describe("kNN accuracy, and the probes', every so many epochs; 0: never"),
  checkpoint: checkpointSchema.prefault({}).describe("what is saved, and how long it stays"),
});

/** A complete configuration, all defaults filled in. */
export type TrainConfig = z.infer<typeof trainConfigSchema>;
