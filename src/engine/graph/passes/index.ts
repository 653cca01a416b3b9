/**
 * The passes that every program goes through before it is lowered, whatever the device. What they leave computes the
 * same numbers from the same inputs.
 */
import type { Graph } from "../graph.js";
import { algebra } from "./algebra.js";
import { fold } from "./fold.js";
import { removeDeadCode, rewrite } from "./rewrite.js";

/** The graph without dead code, repeated operations, foldable constants and needless algebra. */
export function optimise(graph: Graph): Graph {
  // Dead code first: tfjs records much of it (gradients that nobody asked for), and rewriting it costs time.
  return removeDeadCode(rewrite(removeDeadCode(graph), [fold, algebra]));
}
