/** SimCLR: two views of an image attract each other and repel the other images of the batch. */
import { tf } from "../../engine/tf.js";
import { simclr } from "../../loss/simclr.js";
import { fold } from "../../random/index.js";
import { forward } from "./forward.js";
import type { Method, Networks } from "./method.js";

export interface SimclrMethodOptions {
  readonly temperature: number;
}

export function simclrMethod({ encoder, projector }: Networks, { temperature }: SimclrMethodOptions): Method {
  return {
    views: 2,
    init(key) {
      const parts = { encoder: encoder.init(fold(key, 0)), projector: projector.init(fold(key, 1)) };
      return {
        params: { encoder: parts.encoder.params, projector: parts.projector.params },
        state: { encoder: parts.encoder.state, projector: parts.projector.state },
      };
    },
    loss(variables, views) {
      const { outputs, state } = forward({ encoder, projector }, variables, tf.concat([...views], 0));
      const [z1, z2] = tf.split(outputs, views.length, 0) as [tf.Tensor2D, tf.Tensor2D];
      return { loss: simclr(z1, z2, { temperature }), state };
    },
  };
}
