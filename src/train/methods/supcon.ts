/** Supervised contrastive learning: all views of all images of a class attract each other. */
import { tf } from "../../engine/tf.js";
import { scope } from "../../engine/trace/trace.js";
import { supcon } from "../../loss/supcon.js";
import { embed, initNetworks } from "./embed.js";
import { type Method, type Networks, viewLabels } from "./method.js";
import { chosenNegatives } from "./pairwise.js";
import type { ContrastiveMethodOptions } from "./simclr.js";

export function supconMethod(
  networks: Networks,
  { temperature, negatives: config }: ContrastiveMethodOptions,
): Method {
  const { encoder, projector } = networks;
  return {
    views: 2,
    init: (key) => initNetworks({ encoder, projector }, key),
    loss(variables, batch) {
      const { views, labels, targets } = batch;
      const embedded = embed(networks, variables, views, batch.negatives);
      const negatives = chosenNegatives(config, embedded.negatives);
      const z = tf.concat([...embedded.embeddings], 0) as tf.Tensor2D;
      const all = tf.concat(views.map((_, i) => viewLabels(labels, targets?.[i]))) as tf.Tensor1D;
      return {
        loss: scope("loss", () => supcon(z, all, { temperature, negatives })),
        state: embedded.state,
        layers: embedded.layers,
      };
    },
  };
}
