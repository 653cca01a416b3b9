/** What the online probes of a run know about test images. */
import type { ImageDataset } from "../data/dataset.js";
import type { HostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import { tf } from "../engine/tf.js";
import { overImages } from "../evaluate/encode.js";
import { labelRanks, topShare } from "../evaluate/ranks.js";
import type { HostState } from "./loop.js";
import { frozenLayers } from "./probe-step.js";
import type { TrainProgram, TrainState } from "./program.js";
import type { StepVariables } from "./step.js";

/** Top-1 and top-5 of every probe, 0 … 1, as `probe/<layer>/top1`; images as they are, batch norm in evaluation mode. */
export async function probeScores(
  networks: Pick<TrainProgram, "encoder" | "projector">,
  probes: NonNullable<TrainProgram["probes"]>,
  trained: HostState,
  test: ImageDataset,
  device: DeviceName,
): Promise<Record<string, number>> {
  const { params, state, probes: own } = trained as unknown as TrainState<HostTensor>;
  const run = jit(
    (variables: StepVariables, images: tf.Tensor) => {
      const pixels = tf.div(tf.cast(images, "float32"), 255) as tf.Tensor4D;
      return probes.scores(variables.probes, frozenLayers(networks, variables, pixels));
    },
    { name: "probes", device },
  );
  const variables = {
    params: { encoder: params.encoder, projector: params.projector },
    state: { encoder: state.encoder, projector: state.projector },
    probes: own!.params,
  };
  const classes = test.classes.length;
  try {
    const scores = await overImages(test, (images) => run(variables, images));
    return Object.fromEntries(
      scores.flatMap(({ data }, i) => {
        const ranks = labelRanks(data as Float32Array, classes, test.labels);
        const name = `probe/${probes.names[i]}`;
        return [
          [`${name}/top1`, topShare(ranks, 1)],
          [`${name}/top5`, topShare(ranks, 5)],
        ];
      }),
    );
  } finally {
    await run.dispose();
  }
}
