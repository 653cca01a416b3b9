/** Barlow Twins: the cross-correlation of two views' embeddings goes to the identity. */
import { type BarlowTwinsOptions, barlowTwins } from "../../loss/barlow-twins.js";
import type { Method, Networks } from "./method.js";
import { pairwiseMethod } from "./pairwise.js";

export function barlowTwinsMethod(networks: Networks, options: BarlowTwinsOptions): Method {
  return pairwiseMethod(networks, { name: "batch" }, (z1, z2) => barlowTwins(z1, z2, options));
}
