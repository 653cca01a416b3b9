/** The losses. */
export { type BarlowTwinsOptions, barlowTwins } from "./barlow-twins.js";
export { byol, type Twice } from "./byol.js";
export type { ContrastiveOptions } from "./contrastive.js";
export { dcl } from "./dcl.js";
export { type Negatives, normalise, overPairs } from "./embeddings.js";
export { type MocoOptions, moco } from "./moco.js";
export { simclr } from "./simclr.js";
export { simsiam } from "./simsiam.js";
export { supcon } from "./supcon.js";
export { type SupervisedOptions, supervised } from "./supervised.js";
export { type VicregOptions, vicreg } from "./vicreg.js";
