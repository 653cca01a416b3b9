/**
 * Online linear probes: while an encoder trains, a linear classifier learns on its representation and one on each layer
 * of its projector, from what these are at that moment. They look at the first view, no gradient of theirs reaches the
 * networks, and their optimiser is their own; so a run with probes trains the very encoder of the run without. Source:
 * FFCV-SSL, `LinearsProbes`: cross-entropy, AdamW with a learning rate of 1e-4.
 */
import { valueAndGrad } from "../engine/grad.js";
import type { HostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { scope } from "../engine/trace/trace.js";
import type { Tree } from "../engine/tree.js";
import { supervised } from "../loss/supervised.js";
import { linear } from "../nn/layers.js";
import type { Projector } from "../nn/projector.js";
import { adamw } from "../optim/adamw.js";
import { fold, type Key } from "../random/index.js";

/** Everything the probes keep. */
export type ProbesState<T> = {
  /** By the layer's name. */
  readonly params: Tree<T>;
  readonly optimiser: Tree<T>;
};

/** The probes' own optimiser. */
export interface ProbesOptions {
  readonly lr: number;
  readonly weightDecay: number;
}

/** The online probes of a run, as functions over their state. */
export interface Probes {
  /** What the probes look at, in order. */
  readonly names: readonly string[];
  /** Initial classifiers, and their optimiser's state. */
  init(key: Key): ProbesState<HostTensor>;
  /** The scores of each probe, [batch, classes]. @param layers what the probes look at, [batch, width] each */
  scores(params: Tree<tf.Tensor>, layers: readonly tf.Tensor2D[]): tf.Tensor2D[];
  /**
   * @param targets int32 [batch], or float32 [batch, classes] where labels are mixed
   * @returns the gradients by the probes' parameters, and each one's loss as `probe/<layer>/loss`
   */
  gradients(
    params: Tree<tf.Tensor>,
    layers: readonly tf.Tensor2D[],
    targets: tf.Tensor1D | tf.Tensor2D,
  ): { readonly grads: Tree<tf.Tensor>; readonly metrics: { readonly [name: string]: tf.Tensor } };
  /** The state after the optimiser's update. */
  update(state: ProbesState<tf.Tensor>, grads: Tree<tf.Tensor>): ProbesState<tf.Tensor>;
}

/** The names of what is probed: `representation`, then `projector1`, `projector2`, … */
export function layerNames({ widths }: Pick<Projector, "widths">): string[] {
  return ["representation", ...widths.map((_, i) => `projector${i + 1}`)];
}

/** @param features width of the representation @param classes how many classes the labels have */
export function createProbes(
  features: number,
  projector: Pick<Projector, "widths">,
  classes: number,
  { lr, weightDecay }: ProbesOptions,
): Probes {
  const names = layerNames(projector);
  const heads = [features, ...projector.widths].map((width) => linear(classes)([width]));
  const optimiser = adamw({ weightDecay });

  const scores: Probes["scores"] = (params, layers) => {
    const own = params as { readonly [name: string]: Tree<tf.Tensor> };
    return heads.map((head, i) => {
      const variables = { params: own[names[i]!], state: null };
      return head.apply(variables, layers[i]!, true).output as tf.Tensor2D;
    });
  };

  return {
    names,
    init(key) {
      const params = Object.fromEntries(names.map((name, i) => [name, heads[i]!.init(fold(key, i)).params]));
      return { params, optimiser: optimiser.init(params) };
    },
    scores,
    gradients: (params, layers, targets) =>
      scope("probes", () => {
        const { grads, aux } = valueAndGrad((own: Tree<tf.Tensor>) => {
          const losses = scores(own, layers).map((each) => supervised(each, targets));
          const metrics = Object.fromEntries(losses.map((loss, i) => [`probe/${names[i]}/loss`, loss]));
          return { loss: tf.addN(losses), aux: metrics };
        })(params);
        return { grads, metrics: aux };
      }),
    update({ params, optimiser: slots }, grads) {
      const updated = optimiser.update(params, grads, slots, tf.scalar(lr));
      return { params: updated.params, optimiser: updated.state };
    },
  };
}
