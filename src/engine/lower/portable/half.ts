/**
 * Mixed precision for processors without float16 arithmetic: each value that would be float16 is float32 rounded to the
 * nearest float16 (infinite above 65504), and products add up in float32 before their result is rounded, as tensor cores
 * do. It costs time instead of saving it, and shows on any machine what numbers a GPU will give.
 *
 * A cast there and one back is what ONNX Runtime's optimiser leaves alone; between casts it would put the operators that
 * its CPU provider lacks in float16, and take the rounding out.
 */
import { halvedOperations } from "../../graph/passes/mixed.js";
import type { Lowering, NodeRule, Target } from "../lowering.js";
import { elementwise, elementwiseRules } from "./elementwise.js";
import { portable } from "./index.js";

const round = (l: Lowering, name: string): string => l.cast(l.cast(name, "float16"), "float32");

const rounding = elementwise((l, [x]) => round(l, x!));

/** Lets the first output of a node lie where its first input lies. */
const sameNumbers: NodeRule = (l, { inputs: [x], outputs: [y] }) =>
  l.inLayout(x!) ? l.set(y!, l.image(x!), l.layoutOf(y!.shape)) : l.set(y!, l.plain(x!));

const rounded =
  (rule: NodeRule): NodeRule =>
  (l, node) => {
    rule(l, node);
    const [output] = node.outputs;
    if (output!.dtype !== "float16") return;
    const [name, layout] = l.inLayout(output!)
      ? [l.image(output!), l.layoutOf(output!.shape)]
      : [l.plain(output!), undefined];
    l.set(output!, round(l, name), layout);
  };

/** The portable lowering with float16 in float32's place. */
export const emulatedHalf: Target = {
  ...portable,
  name: "emulated float16",
  rules: {
    ...portable.rules,
    ...Object.fromEntries(halvedOperations.map((op) => [op, rounded(portable.rules[op]!)])),
    Cast(l, node) {
      if (node.inputs[0]!.dtype === "float16") sameNumbers(l, node);
      else (node.outputs[0]!.dtype === "float16" ? rounding : elementwiseRules.Cast!)(l, node);
    },
  },
};
