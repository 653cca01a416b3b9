/**
 * TypeScript itself, required rather than imported: Node looks an imported CommonJS file through for module syntax and
 * for its exports before it runs it, and TypeScript is nine megabytes long, so that this is a third of the time to load it.
 */
import ts = require("typescript");

export default ts;
