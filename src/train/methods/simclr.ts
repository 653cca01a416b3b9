/** SimCLR: two views of an image attract each other and repel the other images of the batch. */
import { simclr } from "../../loss/simclr.js";
import type { NegativesConfig } from "../config/negatives.js";
import type { Method, Networks } from "./method.js";
import { pairwiseMethod } from "./pairwise.js";

export interface ContrastiveMethodOptions {
  readonly temperature: number;
  readonly negatives: NegativesConfig;
}

export function simclrMethod(
  networks: Networks,
  { temperature, negatives: config }: ContrastiveMethodOptions,
): Method {
  return pairwiseMethod(networks, config, (z1, z2, negatives) => simclr(z1, z2, { temperature, negatives }));
}
