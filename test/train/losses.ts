/** The losses of two epochs of a configuration's training, step by step. */
import type { TrainConfig } from "../../src/train/config/schema.js";
import { createDataset } from "../../src/train/dataset.js";
import type { DeviceState } from "../../src/train/loop.js";
import { createProgram } from "../../src/train/program.js";

export async function lossesOfTwoEpochs(config: TrainConfig): Promise<number[]> {
  const program = createProgram(config, await createDataset(config, "train"));
  const losses: number[] = [];
  let state: DeviceState = program.initial();
  for (let step = 0; step < 2 * program.stepsPerEpoch; step++) {
    const result = await program.run(state, step);
    losses.push(result.metrics.loss!);
    state = result.state;
  }
  await program.dispose();
  return losses;
}
