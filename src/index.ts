/**
 * The public API of jessl, one list. What is not exported here is internal and may change.
 */
export { packageRoot, version } from "./support/package.js";
