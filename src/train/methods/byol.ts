/** BYOL: the student predicts, from one view, what its slow teacher sees in the other. There are no negatives. */
import { scope } from "../../engine/trace/trace.js";
import { byol } from "../../loss/byol.js";
import { overPairs } from "../../loss/embeddings.js";
import { embed, initNetworks, through } from "./embed.js";
import type { Method, Networks } from "./method.js";
import { followStudent, initTeacher, teach, teacherMomentum } from "./teacher.js";

export interface ByolMethodOptions {
  /** The teacher's momentum at the first step. */
  readonly momentum: number;
}

export function byolMethod(networks: Networks, { momentum }: ByolMethodOptions): Method {
  const { encoder, projector } = networks;
  const predictor = networks.mlp(projector.outputShape[0]!);
  return {
    views: 2,
    init(key) {
      const student = initNetworks({ encoder, projector, predictor }, key);
      return { params: student.params, state: { ...student.state, teacher: initTeacher(student) } };
    },
    loss(variables, { views }) {
      const student = embed(networks, variables, views);
      const predicted = through(predictor, "predictor", variables, student.embeddings);
      const targets = teach(networks, variables.state, views);
      const both = predicted.outputs.map((p, i) => ({ p, t: targets.embeddings[i]! }));
      return {
        loss: scope("loss", () => overPairs(both, (a, b) => byol([a.p, b.p], [a.t, b.t]))),
        state: { ...student.state, predictor: predicted.state, teacher: targets.teacher },
        layers: student.layers,
      };
    },
    inputs: (step, totalSteps) => ({ momentum: teacherMomentum(momentum, step, totalSteps) }),
    afterUpdate: (variables, { momentum: m }) => followStudent(variables, m!),
  };
}
