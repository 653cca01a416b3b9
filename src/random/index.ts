/** Counter-based random numbers. */
export { integers, normal, permutation, uniform } from "./distributions.js";
export { bits, fold, type Key, key } from "./key.js";
