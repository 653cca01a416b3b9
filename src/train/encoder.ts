/** The encoder of a training run as a frozen one: out of a state, out of a run folder, or as it was before training. */
import type { ImageDataset } from "../data/dataset.js";
import type { HostTensor } from "../engine/host.js";
import type { Tree } from "../engine/tree.js";
import type { Encoder } from "../evaluate/encode.js";
import type { Layer } from "../nn/layer.js";
import { DataError } from "../support/errors.js";
import { readBest } from "./best.js";
import { createEncoder } from "./build.js";
import { checkpointAt, latestCheckpoint, listCheckpoints, restoreTree } from "./checkpoint.js";
import type { TrainConfig } from "./config/schema.js";
import { createDataset } from "./dataset.js";
import type { HostState } from "./loop.js";
import { loadNegatives } from "./negatives.js";
import { normalizedEncoder } from "./normalized.js";
import { createProgram, type TrainState } from "./program.js";
import { readRunConfig, runFolder } from "./run-folder.js";

/** The encoder in a state of training. */
export function encoderIn(
  state: HostState,
  layer: Layer,
  { height, width, channels }: Pick<ImageDataset, "height" | "width" | "channels">,
): Encoder {
  const { params, state: statistics } = state as unknown as TrainState<HostTensor>;
  const variables = { params: params.encoder, state: statistics.encoder };
  return { layer, variables, imageShape: [height, width, channels] };
}

/** The encoder of a configuration before its first step. */
export async function untrainedEncoder(config: TrainConfig, dataset: ImageDataset): Promise<Encoder> {
  const program = createProgram(config, dataset, { negatives: await loadNegatives(config, dataset) });
  return encoderIn(program.initial(), program.encoder, dataset);
}

/**
 * The encoder of a run.
 * @param which the latest checkpoint, the best by the metric that the run was told, or that of a step
 * @throws DataError when there is none
 */
export async function loadEncoder(
  path: string,
  which: "latest" | "best" | number = "latest",
): Promise<Encoder> {
  const { config } = readRunConfig(path);
  const folder = runFolder(path);
  const step = which === "best" ? readBest(folder.checkpoints).step : which;
  const checkpoint =
    step === "latest" ? latestCheckpoint(folder.checkpoints) : checkpointAt(folder.checkpoints, step);
  if (!checkpoint)
    throw new DataError(
      `run ${path}: expected a checkpoint, found ${listCheckpoints(folder.checkpoints).length}`,
    );
  const { height, width, channels } = await createDataset(config, "train");
  const imageShape = [height, width, channels] as const;
  const layer = normalizedEncoder(createEncoder(config.encoder, imageShape), config.views, imageShape);
  const like = layer.init([0, 0]);
  const restore = (tree: Tree<HostTensor>, prefix: string) =>
    restoreTree(tree, checkpoint.tensors, checkpoint.path, prefix);
  return {
    layer,
    variables: {
      params: restore(like.params, "params.encoder."),
      state: restore(like.state, "state.encoder."),
    },
    imageShape,
  };
}
