/** Where rows and results come from: the code, versions, the machine and when. */
import { defaultThreads } from "../../src/engine/run/threads.js";
import { type Environment, environment } from "../../src/train/run-folder.js";
import { codeHash, commit } from "./code.js";
import type { ProfileName } from "./protocol.js";

/** What made a row. */
export interface MadeBy extends Environment {
  /** The commit of the code; `+` when files were changed since, "unknown" outside a checkout. */
  readonly commit: string;
  /** Hash of the parts of the library that can change a number. */
  readonly code: string;
  readonly device: string;
  readonly threads: number;
  /** When the row, or the last row, was finished, ISO 8601. */
  readonly date: string;
}

export interface Provenance extends MadeBy {
  readonly profile: ProfileName;
  /** Wall time of all rows, those of earlier, interrupted runs included. */
  readonly seconds: number;
}

/** What makes a row that is finished now. */
export function madeNow(): MadeBy {
  return {
    device: "cpu",
    threads: defaultThreads(),
    ...environment(),
    commit: commit(),
    code: codeHash(),
    date: new Date().toISOString(),
  };
}
