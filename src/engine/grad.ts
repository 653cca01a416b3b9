/**
 * Gradients over trees: from a function that returns a loss, a function that returns the loss, whatever else it wants to
 * hand out, and the gradient by each leaf of its first argument. It works eagerly and while tracing.
 */
import { formatShape, ShapeError } from "../support/errors.js";
import { tf } from "./tf.js";
import { isTracing, scope, scopeOf } from "./trace/trace.js";
import { flatten, type Tree, unflatten } from "./tree.js";

/** What a differentiable function returns: a scalar loss and, if it likes, a tree of other results. */
export interface LossAndAux<Aux extends Tree<tf.Tensor>> {
  readonly loss: tf.Tensor;
  readonly aux?: Aux;
}

/** What a differentiated function returns. */
export interface ValueAndGrad<Params, Aux> {
  readonly loss: tf.Scalar;
  readonly aux: Aux;
  readonly grads: Params;
}

/**
 * The function that computes `f` and the gradient of its loss by its first argument. A leaf that the loss does not
 * depend on gets zeros.
 * @throws ShapeError when the loss is no scalar
 */
export function valueAndGrad<
  Params extends Tree<tf.Tensor>,
  Rest extends unknown[],
  Aux extends Tree<tf.Tensor> = undefined,
>(
  f: (params: Params, ...rest: Rest) => LossAndAux<Aux>,
): (params: Params, ...rest: Rest) => ValueAndGrad<Params, Aux> {
  return (params, ...rest) => {
    const { leaves, definition } = flatten<tf.Tensor>(params);
    let aux: Aux | undefined;
    const held: tf.Tensor[] = [];
    const engine = tf.engine();
    const { value, grads } = engine.gradients(
      () => {
        const result = f(params, ...rest);
        if (result.loss.rank !== 0)
          throw new ShapeError(`loss: expected a scalar, got ${formatShape(result.loss.shape)}`);
        aux = result.aux;
        // gradients() disposes what f made, but for the loss: hold on to the rest, and hand it to the outer scope below.
        for (const tensor of flatten<tf.Tensor>(aux).leaves) if (!tensor.kept) held.push(tf.keep(tensor));
        scopeGradients();
        return result.loss;
      },
      leaves,
      undefined,
      true,
    );
    for (const tensor of held) {
      tensor.kept = false;
      (engine as unknown as { track<T extends tf.Tensor>(tensor: T): T }).track(tensor);
    }
    const full = leaves.map((leaf, i) => grads[i] ?? tf.zerosLike(leaf));
    return { loss: value as tf.Scalar, aux: aux as Aux, grads: unflatten(definition, full) as Params };
  };
}

/** By input, what computes its gradient. */
type InputGradients = { readonly [name: string]: () => tf.Tensor };

interface TapeNode {
  readonly outputs: readonly tf.Tensor[];
  gradient: ((dys: unknown) => InputGradients) | undefined;
}

/** Has each gradient recorded under the scope of the operation that it is of: `gradient/encoder/block1`. */
function scopeGradients(): void {
  if (!isTracing()) return;
  for (const node of (tf.engine().state.activeTape ?? []) as unknown as TapeNode[]) {
    const { gradient } = node;
    const own = node.outputs[0] && scopeOf(node.outputs[0]);
    if (!gradient) continue;
    const name = own ? `gradient/${own}` : "gradient";
    node.gradient = (dys) => {
      const gradients = Object.entries(scope(name, () => gradient(dys)));
      return Object.fromEntries(gradients.map(([input, compute]) => [input, () => scope(name, compute)]));
    };
  }
}
