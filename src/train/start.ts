/** The variables that a run begins with: the method's initial ones, or those of the run whose layers are probed. */
import type { HostTensor } from "../engine/host.js";
import { fold, key } from "../random/index.js";
import { DataError } from "../support/errors.js";
import { latestCheckpoint, restoreTree } from "./checkpoint.js";
import type { TrainConfig } from "./config/schema.js";
import type { Method, MethodState } from "./methods/method.js";
import { purpose } from "./purpose.js";
import { runFolder } from "./run-folder.js";

/** The networks that probes look at. */
const probed = ["encoder", "projector"] as const;

/**
 * The parameters and the state before the first step.
 * @throws DataError when `probes.from` names a folder without a checkpoint, or with one of other networks
 */
export function startOf(
  method: Method,
  { seed, probes }: Pick<TrainConfig, "seed" | "probes">,
): MethodState<HostTensor> {
  const start = method.init(fold(key(seed), purpose.weights));
  if (probes.from === null) return start;
  const checkpoint = latestCheckpoint(runFolder(probes.from).checkpoints);
  if (!checkpoint) throw new DataError(`probes.from ${probes.from}: expected a run with a checkpoint`);
  const restored = (part: "params" | "state") => ({
    ...start[part],
    ...Object.fromEntries(
      probed.map((network) => [
        network,
        restoreTree(start[part][network], checkpoint.tensors, checkpoint.path, `${part}.${network}.`),
      ]),
    ),
  });
  return { params: restored("params"), state: restored("state") };
}
