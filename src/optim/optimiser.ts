/**
 * Optimisers as pure functions over trees: new parameters and a new state from the old ones, the gradients and the
 * learning rate, which is an input of the compiled step and never baked into it.
 */
import { type HostTensor, hostZeros } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { flatten, leafPaths, mapTree, type Tree, unflatten } from "../engine/tree.js";

/** Parameters and state after an update. */
export interface Updated<Params> {
  readonly params: Params;
  readonly state: Tree<tf.Tensor>;
}

/** A rule for new parameters, with a state of its own. */
export interface Optimiser {
  /** The state before the first update. */
  init(params: Tree<HostTensor>): Tree<HostTensor>;
  /** One update. @param lr a scalar */
  update<Params extends Tree<tf.Tensor>>(
    params: Params,
    grads: Tree<tf.Tensor>,
    state: Tree<tf.Tensor>,
    lr: tf.Tensor,
  ): Updated<Params>;
}

/** Which parameters do not decay, by their path, such as `encoder.block1.conv.kernel`. */
export type Excluded = (path: string) => boolean;

/** A tree of zeros like `params`. */
export function zerosLike(params: Tree<HostTensor>): Tree<HostTensor> {
  return mapTree<HostTensor, HostTensor>(params, ({ shape }) => hostZeros(shape));
}

/** Biases and batch-norm parameters have one dimension; most recipes let them neither decay nor be adapted. */
export function isOneDimensional(tensor: tf.Tensor): boolean {
  return tensor.rank <= 1;
}

/** Applies a rule to each parameter, its gradient and its slots (such as momenta), which are trees like the parameters. */
export function updateEach<Params extends Tree<tf.Tensor>>(
  params: Params,
  grads: Tree<tf.Tensor>,
  slots: readonly Tree<tf.Tensor>[],
  rule: (
    param: tf.Tensor,
    grad: tf.Tensor,
    slots: readonly tf.Tensor[],
    path: string,
  ) => [tf.Tensor, ...tf.Tensor[]],
): { params: Params; slots: Tree<tf.Tensor>[] } {
  const { leaves, definition } = flatten<tf.Tensor>(params);
  const paths = leafPaths<tf.Tensor>(params);
  const gradLeaves = flatten<tf.Tensor>(grads).leaves;
  const slotLeaves = slots.map((slot) => flatten<tf.Tensor>(slot).leaves);
  const results = leaves.map((param, i) =>
    rule(
      param,
      gradLeaves[i]!,
      slotLeaves.map((slot) => slot[i]!),
      paths[i]!,
    ),
  );
  const column = (place: number): Tree<tf.Tensor> =>
    unflatten(
      definition,
      results.map((result) => result[place]!),
    );
  return { params: column(0) as Params, slots: slots.map((_, place) => column(place + 1)) };
}

/** The parameter's gradient plus `decay` times the parameter, unless it is excluded. */
export function withDecay(param: tf.Tensor, grad: tf.Tensor, decay: number, excluded: boolean): tf.Tensor {
  return decay === 0 || excluded ? grad : tf.add(grad, tf.mul(param, decay));
}
