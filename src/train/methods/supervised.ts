/** The supervised encoder that claims are compared with: a linear classifier on the projector's output. */
import { tf } from "../../engine/tf.js";
import { scope } from "../../engine/trace/trace.js";
import { type SupervisedOptions, supervised } from "../../loss/supervised.js";
import { linear } from "../../nn/layers.js";
import { embed, initNetworks, through } from "./embed.js";
import { type Method, type Networks, viewLabels } from "./method.js";

export function supervisedMethod(networks: Networks, options: SupervisedOptions): Method {
  const { encoder, projector } = networks;
  const classifier = linear(networks.classes)(projector.outputShape);
  return {
    views: 1,
    init: (key) => initNetworks({ encoder, projector, classifier }, key),
    loss(variables, { views, labels, targets }) {
      const { layers, embeddings, state } = embed(networks, variables, views);
      const scores = through(classifier, "classifier", variables, embeddings);
      const each = scope("loss", () =>
        scores.outputs.map((view, i) => supervised(view, targets?.[i] ?? labels, options)),
      );
      const right = tf.equal(tf.argMax(scores.outputs[0]!, 1), viewLabels(labels, targets?.[0]));
      return {
        loss: tf.div(tf.addN(each), each.length),
        state: { ...state, classifier: scores.state },
        layers,
        metrics: { accuracy: tf.mean(tf.cast(right, "float32")) },
      };
    },
  };
}
