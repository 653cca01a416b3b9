/** Where results come from: the code's commit, versions, machine, profile, seeds and time. */
import { type Environment, environment } from "../../src/train/run-folder.js";
import { type MadeBy, madeNow } from "./code.js";
import type { ProfileName } from "./protocol.js";

export interface Provenance extends Environment, MadeBy {
  readonly profile: ProfileName;
  readonly device: string;
  readonly threads: number;
  /** Wall time of all rows, those of earlier, interrupted runs included. */
  readonly seconds: number;
}

/** The provenance of results that were finished now. */
export function provenance(
  facts: Pick<Provenance, "profile" | "device" | "threads" | "seconds">,
): Provenance {
  return { ...facts, ...environment(), ...madeNow() };
}
