/** Weights that a network starts from: torchvision's, in a .safetensors or .npz file. */
import type { HostTensor } from "../engine/host.js";
import type { Layer, Variables } from "../nn/layer.js";
import { fromTorchvision } from "../nn/torchvision.js";
import { ConfigError } from "../support/errors.js";
import { readNpz } from "./npz.js";
import { readSafeTensors } from "./safetensors.js";

/**
 * The layer, whose initial variables are those of a file with torchvision's names.
 * @throws ConfigError when the file's name ends otherwise; DataError, from `init`, when its tensors do not fit
 */
export function withWeights(layer: Layer, path: string): Layer {
  if (!/\.(safetensors|npz)$/.test(path))
    throw new ConfigError(`weights: expected a .safetensors or .npz file, got ${path}`);
  let loaded: Variables<HostTensor> | undefined;
  const init = (): Variables<HostTensor> => {
    loaded ??= fromTorchvision(
      layer,
      path.endsWith(".npz") ? readNpz(path) : readSafeTensors(path).tensors,
      path,
    );
    return loaded;
  };
  return { ...layer, init };
}
