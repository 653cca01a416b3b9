/**
 * The library's training step on the device `webgpu`, with every method and every encoder, against the same step on the
 * CPU. The GPU is one in software, so everything is as small as can be.
 */
import { it } from "vitest";
import { encoderSchema } from "../../src/train/config/encoder.js";
import { methodSchema } from "../../src/train/config/method.js";
import { discriminator } from "../../src/train/config/walk.js";
import { describeWith } from "../support/needs.js";
import { softwareGpu } from "../support/software-gpu.js";
import { expectEqualSteps } from "./equal-steps.js";

/**
 * Encoders in small; deeper ones of the same kind have the same layers. VGG halves its images five times: small ones would be
 * one pixel in its last stages, and what is compared there rounding.
 */
const sizes: { readonly [encoder: string]: readonly [string, number?] } = {
  resnet8: ["width: 4, stem: imagenet", 16],
  resnet18: ["width: 4"],
  vgg11: ["width: 2", 64],
  vit: ["patch: 5, width: 8, depth: 1, heads: 2"],
};

describeWith(softwareGpu, "two steps on webgpu equal those on the CPU", () => {
  const methods = discriminator(methodSchema)!.names;
  const encoders = discriminator(encoderSchema)!.names.filter((name) => name in sizes);
  // A driver in software compiles hundreds of shaders for each.
  it.each(methods)("%s", { timeout: 180_000 }, (name) => expectEqualSteps("webgpu", `method.name=${name}`));
  it.each(encoders)("%s", { timeout: 180_000 }, (name) =>
    expectEqualSteps("webgpu", `encoder={name: ${name}, ${sizes[name]![0]}}`, sizes[name]![1]),
  );
});
