/**
 * MoCo: SimCLR whose negatives are the keys of earlier batches, made by a slow teacher and kept in a queue. So the number
 * of negatives does not depend on the batch. Every view is a query to the keys of every other one.
 */
import { tf } from "../../engine/tf.js";
import { scope } from "../../engine/trace/trace.js";
import { normalise, overPairs } from "../../loss/embeddings.js";
import { moco } from "../../loss/moco.js";
import { filled } from "../../nn/init.js";
import { fold, normal } from "../../random/index.js";
import { ConfigError } from "../../support/errors.js";
import type { NegativesConfig } from "../config/negatives.js";
import { embed, initNetworks } from "./embed.js";
import type { Method, Networks } from "./method.js";
import { followStudent, initTeacher, teach, teacherMomentum } from "./teacher.js";

export interface MocoMethodOptions {
  readonly temperature: number;
  /** The teacher's momentum at the first step. */
  readonly momentum: number;
  /** How many keys are kept. */
  readonly queue: number;
  /** "batch" stands for the batches before, in the queue. */
  readonly negatives: NegativesConfig;
}

export function mocoMethod(networks: Networks, options: MocoMethodOptions): Method {
  const { temperature, momentum, queue: length, negatives: config } = options;
  const { encoder, projector } = networks;
  const width = projector.outputShape[0]!;
  return {
    views: 2,
    init(key) {
      const student = initNetworks({ encoder, projector }, key);
      // Random directions, until the first keys have passed through.
      const queue = { ...filled([length, width], 0), data: normal(fold(key, 2), length * width) };
      return { params: student.params, state: { ...student.state, teacher: initTeacher(student), queue } };
    },
    loss(variables, { views, negatives }) {
      const student = embed(networks, variables, views);
      const keys = teach(networks, variables.state, views, negatives);
      const queue = variables.state.queue as tf.Tensor2D;
      const chosen =
        config.name === "none" ? "none" : config.name === "batch" ? queue : (keys.negatives as tf.Tensor2D);
      const both = student.embeddings.map((q, i) => ({ q, k: keys.embeddings[i]! }));
      const options = { temperature };
      const ofPair = (a: (typeof both)[0], b: (typeof both)[0]) =>
        tf.mul(tf.add(moco(a.q, b.k, chosen, options), moco(b.q, a.k, chosen, options)), 0.5) as tf.Scalar;
      const loss = scope("loss", () => overPairs(both, ofPair));
      return {
        loss,
        state: { ...student.state, teacher: keys.teacher, queue: enqueue(queue, keys.embeddings[0]!) },
        layers: student.layers,
      };
    },
    inputs: (step, totalSteps) => ({ momentum: teacherMomentum(momentum, step, totalSteps) }),
    afterUpdate: (variables, { momentum: m }) => followStudent(variables, m!),
  };
}

/** The queue with new keys in front; the oldest ones fall out. */
function enqueue(queue: tf.Tensor2D, keys: tf.Tensor2D): tf.Tensor2D {
  const [length, width] = queue.shape;
  const count = keys.shape[0];
  if (count > length)
    throw new ConfigError(`method.queue: expected ${count} (the batch) or more, got ${length}`);
  const fresh = normalise(keys);
  return count === length
    ? fresh
    : (tf.concat([fresh, tf.slice(queue, [0, 0], [length - count, width])], 0) as tf.Tensor2D);
}
