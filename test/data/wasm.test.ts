/** The WebAssembly that is in the code is what its source in text assembles to. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gatherWasm } from "../../src/data/beton/gather.js";
import { resampleWasm } from "../../src/data/crop/resizer.js";
import { unitFloatsWasm } from "../../src/data/unit-floats.js";
import { packageRoot } from "../../src/index.js";
import { describeWith } from "../support/needs.js";

interface Wabt {
  parseWat(
    name: string,
    text: string,
    features: object,
  ): { toBinary(options: object): { buffer: Uint8Array } };
}

describeWith(["npm:wabt"], "WebAssembly", () => {
  test.each([
    ["src/data/crop/resample.wat", resampleWasm],
    ["src/data/beton/gather.wat", gatherWasm],
    ["src/data/unit-floats.wat", unitFloatsWasm],
  ])("%s", async (path, assembled) => {
    const { default: createWabt } = (await import("wabt" as string)) as { default: () => Promise<Wabt> };
    const text = readFileSync(join(packageRoot, path), "utf8");
    const module = (await createWabt()).parseWat(path, text, { simd: true, bulk_memory: true });
    expect(Buffer.from(module.toBinary({}).buffer).toString("base64")).toBe(assembled);
  });
});
