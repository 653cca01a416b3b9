/** Decoupled contrastive learning: SimCLR without the positive in the denominator. */
import { dcl } from "../../loss/dcl.js";
import type { Method, Networks } from "./method.js";
import { pairwiseMethod } from "./pairwise.js";
import type { ContrastiveMethodOptions } from "./simclr.js";

export function dclMethod(
  networks: Networks,
  { temperature, negatives: config }: ContrastiveMethodOptions,
): Method {
  return pairwiseMethod(networks, config, (z1, z2, negatives) => dcl(z1, z2, { temperature, negatives }));
}
