/** Rows as a reproduction would give them, for tests of rules. */
import type { Row } from "../../reproductions/support/protocol.js";

/** A row of a condition; kNN lies two points below the linear probe unless told otherwise. */
export function row(condition: string, seed: number, linear: number, more: Partial<Row> = {}): Row {
  return {
    claim: "a claim",
    condition,
    dataset: "fashion-mnist",
    task: "class",
    seed,
    knn: linear - 2,
    linear,
    effectiveRank: 10,
    seconds: 1,
    ...more,
  } as Row;
}
