/** Features that take more memory than the heap of JavaScript: they lie outside of it, and nothing may copy them into it. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const module = fileURLToPath(new URL("../../dist/src/evaluate/standardise.js", import.meta.url));

test("features of 80 MB are standardised by a process with a heap of 48 MB", () => {
  const program = `
    import { standardiser } from ${JSON.stringify(module)};
    const features = { data: new Float32Array(2e7).fill(3), shape: [20000, 1000], dtype: "float32" };
    for (let i = 0; i < 1000; i++) features.data[i] = 1;
    const { data } = standardiser(features)(features);
    console.log(data[0] < -100, data[1000] > 0);`;
  const flags = ["--max-old-space-size=48", "--input-type=module", "--eval", program];
  expect(execFileSync(process.execPath, flags, { encoding: "utf8" }).trim()).toBe("true true");
}, 60_000);
