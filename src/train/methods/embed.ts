/** What all methods do first: initial networks, and views through encoder and projector in training mode. */
import type { HostTensor } from "../../engine/host.js";
import { tf } from "../../engine/tf.js";
import { scope } from "../../engine/trace/trace.js";
import type { Tree } from "../../engine/tree.js";
import type { Layer } from "../../nn/layer.js";
import { fold, type Key } from "../../random/index.js";
import { formatShape } from "../../support/errors.js";
import type { MethodState, Networks } from "./method.js";

/** Initial variables of networks, by name. The n-th has the n-th key, so encoders of one seed agree in all methods. */
export function initNetworks(layers: Readonly<Record<string, Layer>>, key: Key): MethodState<HostTensor> {
  const parts = Object.entries(layers).map(([name, layer], i) => ({ name, ...layer.init(fold(key, i)) }));
  return {
    params: Object.fromEntries(parts.map(({ name, params }) => [name, params])),
    state: Object.fromEntries(parts.map(({ name, state }) => [name, state])),
  };
}

export interface Embedded {
  /** Of each view, [batch, dimensions]. */
  readonly embeddings: readonly tf.Tensor2D[];
  /** Of the first view: the representation, then what each layer of the projector gives; the last is the embedding. */
  readonly layers: readonly tf.Tensor2D[];
  /** Of the negatives, [count, dimensions], where there are some. */
  readonly negatives: tf.Tensor2D | undefined;
  /** The new state of all networks; that of others is kept. */
  readonly state: { readonly [network: string]: Tree<tf.Tensor> };
}

/**
 * The representations and embeddings of all views and of the negatives. Images of one size go through the encoder
 * together, so that batch norm sees all of them at once; a network is named as its variables are.
 */
export function embed(
  { encoder, projector }: Pick<Networks, "encoder" | "projector">,
  { params, state }: MethodState<tf.Tensor>,
  views: readonly tf.Tensor4D[],
  negatives?: tf.Tensor4D,
): Embedded {
  const images = negatives ? [...views, negatives] : views;
  const sizes = [...new Set(images.map(({ shape }) => formatShape(shape.slice(1))))];
  const representations: tf.Tensor2D[] = [];
  let encoderState = state.encoder;
  for (const size of sizes) {
    const places = images.flatMap(({ shape }, i) => (formatShape(shape.slice(1)) === size ? [i] : []));
    const parts = places.map((i) => images[i]!);
    const variables = { params: params.encoder, state: encoderState };
    const applied = scope("encoder", () => encoder.apply(variables, concat(parts), true));
    encoderState = applied.state;
    const features = split(applied.output as tf.Tensor2D, parts);
    for (const [j, place] of places.entries()) representations[place] = features[j]!;
  }
  const variables = { params: params.projector, state: state.projector };
  const projected = scope("projector", () => projector.apply(variables, concat(representations), true));
  const embeddings = split(projected.output as tf.Tensor2D, images);
  return {
    embeddings: embeddings.slice(0, views.length),
    layers: [representations[0]!, ...projected.layers.map((rows) => split(rows, images)[0]!)],
    negatives: negatives && embeddings.at(-1),
    state: { ...state, encoder: encoderState, projector: projected.state },
  };
}

/** Several batches through a further network, such as a predictor, at once. */
export function through(
  layer: Layer,
  name: string,
  { params, state }: MethodState<tf.Tensor>,
  batches: readonly tf.Tensor2D[],
): { outputs: tf.Tensor2D[]; state: Tree<tf.Tensor> } {
  const variables = { params: params[name], state: state[name] };
  const applied = scope(name, () => layer.apply(variables, concat(batches), true));
  return { outputs: split(applied.output as tf.Tensor2D, batches), state: applied.state };
}

function concat<T extends tf.Tensor>(parts: readonly T[]): T {
  return parts.length === 1 ? parts[0]! : (tf.concat([...parts], 0) as T);
}

/** Splits rows as the `parts` that they come from. */
function split(rows: tf.Tensor2D, parts: readonly tf.Tensor[]): tf.Tensor2D[] {
  if (parts.length === 1) return [rows];
  return tf.split(
    rows,
    parts.map(({ shape }) => shape[0]!),
    0,
  ) as tf.Tensor2D[];
}
