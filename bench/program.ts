/**
 * A work as a program of this library: a pure function, its first arguments, and how the results of one call become the
 * arguments of the next. Run compiled it is our side of the bench, run eagerly it is that of TensorFlow.js's backends.
 */
import { valueAndGrad } from "../src/engine/grad.js";
import { type HostTensor, hostScalar, hostTensor, sizeOf } from "../src/engine/host.js";
import type { tf as tfjs } from "../src/engine/tf.js";
import { tf } from "../src/engine/tf.js";
import { scope } from "../src/engine/trace/trace.js";
import { flatten, type Tree } from "../src/engine/tree.js";
import { simclr } from "../src/loss/simclr.js";
import { projector } from "../src/nn/projector.js";
import { sgd } from "../src/optim/sgd.js";
import { fold, key, uniform } from "../src/random/index.js";
import { encoderOf, type Work } from "./works.js";

type Tensor = tfjs.Tensor;

/** Temperature, learning rate and momentum; the peers have the same. */
export const recipe = { temperature: 0.5, lr: 0.05, momentum: 0.9 } as const;

export interface Program {
  readonly fn: (...args: Tree<Tensor>[]) => Tree<Tensor>;
  readonly args: readonly Tree<HostTensor>[];
  /** Positions of arguments that the first result replaces from call to call. */
  readonly donate: readonly number[];
  /** Trained numbers; equal on both sides, or they do not do the same work. */
  readonly parameters: number;
}

interface State<T> {
  readonly params: { readonly encoder: Tree<T>; readonly head: Tree<T> };
  readonly state: { readonly encoder: Tree<T>; readonly head: Tree<T> };
  readonly optimiser: Tree<T>;
}

const count = (tree: Tree<HostTensor>): number =>
  flatten<HostTensor>(tree).leaves.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Bytes that look like nothing; speed does not depend on what is in them. */
function images({ images: shape }: Work): HostTensor {
  const bytes = Uint8Array.from(uniform(key(2), sizeOf(shape)), (x) => Math.floor(256 * x));
  return hostTensor(bytes, shape);
}

const pixels = (x: Tensor): Tensor => tf.div(tf.cast(x, "float32"), 255);

/** The program of a work, from fixed seeds. */
export function createProgram(work: Work): Program {
  const encoder = encoderOf(work.encoder, work.images.slice(1));
  const e = encoder.init(key(1));
  if (work.task === "inference") {
    const fn = (params: Tree<Tensor>, state: Tree<Tensor>, x: Tree<Tensor>): Tree<Tensor> => ({
      output: encoder.apply({ params, state }, pixels(x as Tensor), false).output,
    });
    return { fn, args: [e.params, e.state, images(work)], donate: [], parameters: count(e.params) };
  }
  const head = projector(work.projector, encoder.outputShape[0]!);
  const h = head.init(fold(key(1), 1));
  const optimiser = sgd({ momentum: recipe.momentum });
  const step = (now: State<Tensor>, x: Tensor, lr: Tensor): Tree<Tensor> => {
    const { loss, aux, grads } = valueAndGrad((params: State<Tensor>["params"]) => {
      const features = scope("encoder", () =>
        encoder.apply({ params: params.encoder, state: now.state.encoder }, pixels(x), true),
      );
      const z = scope("projector", () =>
        head.apply({ params: params.head, state: now.state.head }, features.output, true),
      );
      const [a, b] = tf.split(z.output, 2, 0) as [tfjs.Tensor2D, tfjs.Tensor2D];
      const value = scope("loss", () => simclr(a, b, { temperature: recipe.temperature }));
      return { loss: value, aux: { encoder: features.state, head: z.state } };
    })(now.params);
    const next = scope("optimiser", () => optimiser.update(now.params, grads, now.optimiser, lr));
    return { state: { params: next.params, state: aux, optimiser: next.state }, output: loss };
  };
  const params = { encoder: e.params, head: h.params };
  const state = { params, state: { encoder: e.state, head: h.state }, optimiser: optimiser.init(params) };
  return {
    fn: step as unknown as Program["fn"],
    args: [state as unknown as Tree<HostTensor>, images(work), hostScalar(recipe.lr)],
    donate: [0],
    parameters: count(params),
  };
}
