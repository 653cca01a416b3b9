/** Counter-based random numbers. */
export { integers, permutation, uniform } from "./distributions.js";
export { bits, fold, type Key, key } from "./key.js";
export { normal } from "./normal.js";
export { Stream } from "./stream.js";
