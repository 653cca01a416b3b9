/**
 * The EMA teacher of BYOL and MoCo: a copy of encoder and projector that follows the student slowly. It lies in the
 * method's state, its batch-norm statistics with it, so checkpoints hold all of it. As in FFCV-SSL it runs in training
 * mode, and its momentum goes from 0.996 to 1 by a cosine over the steps (`cosine_scheduler`).
 */
import type { HostTensor } from "../../engine/host.js";
import { tf } from "../../engine/tf.js";
import { type Tree, zipTrees } from "../../engine/tree.js";
import { embed } from "./embed.js";
import type { MethodState, Networks } from "./method.js";

/** The networks that have a teacher. */
const taught = ["encoder", "projector"] as const;

type Teacher<T> = MethodState<T> & { readonly [part: string]: Tree<T> };

function part<T>(of: { readonly [network: string]: Tree<T> }): { [network: string]: Tree<T> } {
  return Object.fromEntries(taught.map((name) => [name, of[name]]));
}

/** A teacher equal to the student, to stand in the method's state as `teacher`. */
export function initTeacher({ params, state }: MethodState<HostTensor>): Tree<HostTensor> {
  return { params: part(params), state: part(state) };
}

/** The teacher's embeddings of views, and of the negatives, and the teacher with new batch-norm statistics. */
export function teach(
  networks: Networks,
  state: MethodState<tf.Tensor>["state"],
  views: readonly tf.Tensor4D[],
  negatives?: tf.Tensor4D,
): {
  readonly embeddings: readonly tf.Tensor2D[];
  readonly negatives: tf.Tensor2D | undefined;
  readonly teacher: Tree<tf.Tensor>;
} {
  const teacher = state.teacher as Teacher<tf.Tensor>;
  const embedded = embed(networks, teacher, views, negatives);
  return {
    embeddings: embedded.embeddings,
    negatives: embedded.negatives,
    teacher: { params: teacher.params, state: embedded.state },
  };
}

/** The teacher after the student's update: t ← m·t + (1 − m)·s. @param momentum m, a scalar */
export function followStudent(
  { params, state }: MethodState<tf.Tensor>,
  momentum: tf.Tensor,
): MethodState<tf.Tensor>["state"] {
  const teacher = state.teacher as Teacher<tf.Tensor>;
  const next = zipTrees<tf.Tensor, tf.Tensor>([teacher.params, part(params)], ([t, s]) =>
    tf.add(tf.mul(t!, momentum), tf.mul(s!, tf.sub(1, momentum))),
  );
  return { ...state, teacher: { params: next, state: teacher.state } };
}

/** The momentum of a step, from `start` to 1 by half a cosine. */
export function teacherMomentum(start: number, step: number, totalSteps: number): number {
  return 1 + (start - 1) * 0.5 * (1 + Math.cos((Math.PI * step) / totalSteps));
}
