/** Two training steps on a device against the same two on the CPU, for tests of devices. */
import { expect } from "vitest";
import type { HostTensor } from "../../src/engine/host.js";
import type { DeviceName } from "../../src/engine/run/device.js";
import { toHost } from "../../src/engine/to-host.js";
import { flatten, leafPaths } from "../../src/engine/tree.js";
import type { HostState } from "../../src/train/loop.js";
import { createProgram } from "../../src/train/program.js";
import { relativeError } from "../support/close.js";
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

/** Losses and whole states agree up to rounding. @param side of the square images, in pixels */
export async function expectEqualSteps(device: DeviceName, override: string, side?: number): Promise<void> {
  const there = await twoSteps([override, `device=${device}`], side);
  const cpu = await twoSteps([override, "device=cpu"], side);
  for (const [i, loss] of cpu.losses.entries())
    expect(Math.abs(there.losses[i]! - loss) / Math.abs(loss), `loss of step ${i}`).toBeLessThan(1e-4);
  const paths = leafPaths<HostTensor>(cpu.state);
  const [actual, expected] = [flatten<HostTensor>(there.state).leaves, flatten<HostTensor>(cpu.state).leaves];
  for (const [i, path] of paths.entries()) {
    if (moveNothing.test(path)) continue;
    expect(relativeError(actual[i]!.data, expected[i]!.data), path).toBeLessThan(1e-3);
  }
}
