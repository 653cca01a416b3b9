/** The lowering for CPUs whose ONNX Runtime has blocked convolutions: `run/probe.ts` finds out whether, and which block. */
import type { Target } from "../lowering.js";
import { portable } from "../portable/index.js";
import { blockedConvRules, isOneBlockedConv } from "./conv.js";
import { fuseImages } from "./fuse.js";
import { fusedRules } from "./fused.js";
import { blockedLayout } from "./layout.js";
import { matricesAsImages } from "./matrices.js";

/** The target with blocks of `block` channels. */
export function blocked(block: number): Target {
  const layout = blockedLayout(block);
  return {
    name: `blocked ${block}`,
    layout,
    block,
    // Layouts are decided here. Its search for better ones takes a third of the compilation of a ResNet-50, finds next to
    // nothing, and takes some sums in another order as soon as a graph changes elsewhere.
    skippedOptimisers: ["TransposeOptimizer", "TransposeOptimizer_CPUExecutionProvider"],
    rules: { ...portable.rules, ...blockedConvRules(layout, block), ...fusedRules(layout) },
    prepare: (graph) =>
      fuseImages(matricesAsImages(graph, block), {
        image: layout.accepts,
        convolution: (node) => isOneBlockedConv(node, block),
      }),
  };
}
