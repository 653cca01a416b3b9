import { describe, expect, it } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import type { HostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { type LoweringName, probeCpu } from "../../src/engine/run/device.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { expectClose } from "../support/close.js";
import { type Case, cases } from "./cases.js";
import { eagerly, withGradients } from "./programs.js";

async function compare(fn: Case["fn"], inputs: readonly HostTensor[], lowering: LoweringName): Promise<void> {
  const expected = eagerly(fn, inputs);
  const program = jit(fn as (...args: unknown[]) => Tree<unknown>, { threads: 1, lowering });
  const result = await program(...(inputs as unknown as never[]));
  const leaves = flatten<DeviceTensor>(result as Tree<DeviceTensor>).leaves;
  expect(leaves.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    expected.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  for (const [i, leaf] of leaves.entries())
    expectClose(await leaf.data(), expected[i]!.data, { absolute: 2e-6, relative: 1e-5 }, `result ${i}`);
  await program.dispose();
}

const { target } = await probeCpu();
const lowerings: LoweringName[] = target.block === undefined ? ["portable"] : ["portable", "blocked"];

describe.each(lowerings)("a compiled program computes what the eager one does, lowering %s", (lowering) => {
  for (const { name, fn, inputs, gradients } of cases) {
    it(name, () => compare(fn, inputs, lowering));
    if (gradients.length)
      it(`${name}, gradients`, () => compare(withGradients(fn, gradients), inputs, lowering));
  }
});
