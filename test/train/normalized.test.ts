/** A run whose views are normalised: its encoder takes plain images and normalises them itself. */
import { expect, test } from "vitest";
import { hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { encode } from "../../src/evaluate/encode.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { encoderIn } from "../../src/train/encoder.js";
import { createProgram } from "../../src/train/program.js";
import { expectClose } from "../support/close.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

const dataset = tinyDataset();
const flip = { name: "horizontalFlip" };
const withViews = (...pipelines: object[][]) => parseConfig({ ...tinyConfig(), views: { pipelines } });

test("features of the encoder are those of normalised images in the plain encoder", async () => {
  const normalize = { name: "normalize", mean: 0.25, deviation: 0.5 };
  const normalized = createProgram(withViews([flip, normalize]), dataset);
  const plain = createProgram(withViews([flip]), dataset);
  const state = plain.initial();
  const features = await encode(encoderIn(state, normalized.encoder, dataset), dataset);

  // (x / 255 − 0.25) / 0.5, encoded by the plain layer through tensors of its own.
  const { layer, variables } = encoderIn(state, plain.encoder, dataset);
  const run = jit(
    (params: never, statistics: never, x: tf.Tensor) =>
      layer.apply({ params, state: statistics }, tf.div(tf.sub(x, 0.25), 0.5), false).output,
  );
  const pixels = Float32Array.from(dataset.images, (value) => value / 255);
  const images = hostTensor(pixels, [dataset.count, dataset.height, dataset.width, dataset.channels]);
  const expected = await (await run(variables.params as never, variables.state as never, images)).host();
  await run.dispose();
  expectClose(features.data, expected.data, { absolute: 1e-5 });
  const unlike = await encode(encoderIn(state, plain.encoder, dataset), dataset);
  expect(Math.abs(unlike.data[0]! - features.data[0]!)).toBeGreaterThan(1e-3);
});

test("views that are normalised in different ways are a clear error", () => {
  const twice = [flip, { name: "normalize" }, { name: "normalize" }];
  for (const pipelines of [[[flip], [flip, { name: "normalize" }]], [twice]])
    expect(() => createProgram(withViews(...pipelines), dataset)).toThrow(
      /views\.pipelines: expected the same normalize, once, in every view or in none/,
    );
});
