/** The portable lowering: standard ONNX operators only, for every execution provider. */
import { channelsFirst } from "../layout.js";
import type { Target } from "../lowering.js";
import { convRules } from "./conv.js";
import { elementwiseRules } from "./elementwise.js";
import { poolRules } from "./pool.js";
import { reduceRules } from "./reduce.js";
import { shapeRules } from "./shape.js";

export const portable: Target = {
  name: "portable",
  layout: channelsFirst,
  rules: { ...elementwiseRules, ...reduceRules, ...shapeRules, ...convRules, ...poolRules },
};
