/** SimSiam: the prediction from one view reaches the embedding of the other; no teacher, no negatives. */
import { scope } from "../../engine/trace/trace.js";
import { overPairs } from "../../loss/embeddings.js";
import { simsiam } from "../../loss/simsiam.js";
import { embed, initNetworks, through } from "./embed.js";
import type { Method, Networks } from "./method.js";

export function simsiamMethod(networks: Networks): Method {
  const { encoder, projector } = networks;
  const predictor = networks.mlp(projector.outputShape[0]!);
  return {
    views: 2,
    init: (key) => initNetworks({ encoder, projector, predictor }, key),
    loss(variables, { views }) {
      const { layers, embeddings, state } = embed(networks, variables, views);
      const predicted = through(predictor, "predictor", variables, embeddings);
      const both = predicted.outputs.map((p, i) => ({ p, z: embeddings[i]! }));
      return {
        loss: scope("loss", () => overPairs(both, (a, b) => simsiam([a.p, b.p], [a.z, b.z]))),
        state: { ...state, predictor: predicted.state },
        layers,
      };
    },
  };
}
