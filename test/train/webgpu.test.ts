/**
 * The library's training step on the device `webgpu`, with every method and every encoder, against the same step on the
 * CPU. The GPU is one in software, so everything is as small as can be.
 */
import { expect, it } from "vitest";
import type { HostTensor } from "../../src/engine/host.js";
import { toHost } from "../../src/engine/to-host.js";
import { flatten, leafPaths } from "../../src/engine/tree.js";
import { encoderSchema } from "../../src/train/config/encoder.js";
import { methodSchema } from "../../src/train/config/method.js";
import { discriminator } from "../../src/train/config/walk.js";
import type { HostState } from "../../src/train/loop.js";
import { createProgram } from "../../src/train/program.js";
import { relativeError } from "../support/close.js";
import { describeWith } from "../support/needs.js";
import { softwareGpu } from "../support/software-gpu.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

async function twoSteps(
  overrides: readonly string[],
  side?: number,
): Promise<{ losses: number[]; state: HostState }> {
  const program = createProgram(tinyConfig(...overrides), tinyDataset(24, side), {});
  let state: Parameters<typeof program.run>[0] = program.initial();
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) {
    const result = await program.run(state, step);
    state = result.state;
    losses.push(result.metrics.loss!);
  }
  const host = await toHost(state);
  await program.dispose();
  return { losses, state: host };
}

/**
 * Biases before batch norm: their gradient is zero in exact arithmetic, and AdamW scales its rounding up. Those of
 * linear layers and of VGG's convolutions, and the shift of a ViT's last norm, a bias before the projector's first norm.
 */
const moveNothing = /momentum.*linear\d\.bias|encoder\.ln\.shift$|stage\d\.conv\d\.bias$/;

async function expectEqualSteps(override: string, side?: number): Promise<void> {
  const gpu = await twoSteps([override, "device=webgpu"], side);
  const cpu = await twoSteps([override, "device=cpu"], side);
  for (const [i, loss] of cpu.losses.entries())
    expect(Math.abs(gpu.losses[i]! - loss) / Math.abs(loss), `loss of step ${i}`).toBeLessThan(1e-4);
  const paths = leafPaths<HostTensor>(cpu.state);
  const [actual, expected] = [flatten<HostTensor>(gpu.state).leaves, flatten<HostTensor>(cpu.state).leaves];
  for (const [i, path] of paths.entries()) {
    if (moveNothing.test(path)) continue;
    expect(relativeError(actual[i]!.data, expected[i]!.data), path).toBeLessThan(1e-3);
  }
}

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
  it.each(methods)("%s", { timeout: 180_000 }, (name) => expectEqualSteps(`method.name=${name}`));
  it.each(encoders)("%s", { timeout: 180_000 }, (name) =>
    expectEqualSteps(`encoder={name: ${name}, ${sizes[name]![0]}}`, sizes[name]![1]),
  );
});
