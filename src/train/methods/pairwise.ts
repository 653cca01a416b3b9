/** Methods whose loss is of pairs of embeddings: SimCLR and its relatives, VICReg, Barlow Twins. */
import { tf } from "../../engine/tf.js";
import { scope } from "../../engine/trace/trace.js";
import { cosines, type Negatives, overPairs } from "../../loss/embeddings.js";
import type { NegativesConfig } from "../config/negatives.js";
import { embed, initNetworks } from "./embed.js";
import type { Method, Networks } from "./method.js";

/** The negatives of a loss, from their name in the configuration and the embeddings of the images that are given. */
export function chosenNegatives({ name }: NegativesConfig, given: tf.Tensor2D | undefined): Negatives {
  if (name === "batch" || name === "none") return name;
  return given!;
}

/**
 * A method whose loss is the mean, over all pairs of views, of a function of two views and the negatives. It reports
 * `alignment` too, the mean cosine of two views of an image.
 */
export function pairwiseMethod(
  { encoder, projector }: Networks,
  config: NegativesConfig,
  loss: (z1: tf.Tensor2D, z2: tf.Tensor2D, negatives: Negatives) => tf.Scalar,
): Method {
  return {
    views: 2,
    init: (key) => initNetworks({ encoder, projector }, key),
    loss(variables, batch) {
      const { layers, embeddings, negatives, state } = embed(
        { encoder, projector },
        variables,
        batch.views,
        batch.negatives,
      );
      const chosen = chosenNegatives(config, negatives);
      return {
        loss: scope("loss", () => overPairs(embeddings, (a, b) => loss(a, b, chosen))),
        state,
        layers,
        metrics: { alignment: overPairs(embeddings, (a, b) => tf.mean(cosines(a, b)) as tf.Scalar) },
      };
    },
  };
}
