/** A value through which no gradient flows, such as a target that a prediction should reach. */
import { tf } from "./tf.js";

/** `x`, of which a loss does not depend: its gradient is zero. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return tf.customGrad((input: tf.Tensor | ((saved: tf.Tensor[]) => void)) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T;
}
