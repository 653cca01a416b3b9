/** VICReg: views agree, and no dimension of the embedding dies or repeats another. */
import { type VicregOptions, vicreg } from "../../loss/vicreg.js";
import type { Method, Networks } from "./method.js";
import { pairwiseMethod } from "./pairwise.js";

export function vicregMethod(networks: Networks, options: VicregOptions): Method {
  return pairwiseMethod(networks, { name: "batch" }, (z1, z2) => vicreg(z1, z2, options));
}
