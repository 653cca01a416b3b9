/** The reproductions, in the order in which they are run. */
export {
  type Comparison,
  claimHeadlines,
  compareHeadlines,
  type Headline,
  headlinesPath,
  readHeadlines,
  recordHeadlines,
} from "./headlines/headlines.js";
export { provenanceOfSmall, smallClaim, smallHeadlines } from "./headlines/small.js";

import { methods } from "./methods/protocol.js";
import { noiseOnly } from "./noise-only/protocol.js";
import { singlePatch } from "./single-patch/protocol.js";
import { smallBatches } from "./small-batches/protocol.js";
import { speed } from "./speed/protocol.js";
import type { Protocol } from "./support/protocol.js";

export const protocols: readonly Protocol[] = [smallBatches, noiseOnly, singlePatch, methods, speed];

export { type PaperRun, paperConfig, paperYaml } from "./support/paper.js";
export type { Conclusion, ProfileName, Protocol, Row } from "./support/protocol.js";
export { profileNames } from "./support/protocol.js";
export { record, recorded, recordedProfiles, recordSummary, redraw } from "./support/record.js";
export { htmlReport, markdownReport, markdownSummary, type Reported } from "./support/report.js";
export {
  concludeKnown,
  heldResults,
  type Outcome,
  type ReproduceOptions,
  type Results,
  readResults,
  reproduce,
  writeOutcome,
} from "./support/reproduce.js";
