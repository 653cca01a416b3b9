/**
 * A machine whose probe is deceived about the block size, all else being true: the self-test notices, programs turn to
 * standard operators and give right numbers, a warning says so once, and who insists on blocks gets an error.
 */
import { afterEach, expect, it, vi } from "vitest";
import type { Run } from "../../../src/engine/run/probe.js";
import { onMachineWith } from "../../support/blocked-operators.js";
import { expectClose } from "../../support/close.js";
import { floats } from "../../support/data.js";

const real = await vi.importActual<typeof import("../../../src/engine/run/probe.js")>(
  "../../../src/engine/run/probe.js",
);
const truth = await real.findBlock();
const unknown: Run = () => Promise.reject(new Error("unknown operator"));

/** Runs models truly, but for the one that finds out the block size. */
let answer: Run = unknown;
vi.mock("../../../src/engine/run/probe.js", () => ({
  ...real,
  probe: () =>
    real.probe((model, inputs) => (model.name === "block size" ? answer : real.runOnce)(model, inputs)),
}));
const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
afterEach(() => {
  warnings.mockClear();
  vi.resetModules();
});

/** The modules of devices, as a new process has them. */
async function devices() {
  const [{ findDevice }, { deviceStatus }] = await Promise.all([
    import("../../../src/engine/run/device.js"),
    import("../../../src/engine/run/status.js"),
  ]);
  return { findDevice, deviceStatus };
}

it("no blocked operators: standard ones, without a warning", async () => {
  answer = unknown;
  const { findDevice, deviceStatus } = await devices();
  expect((await findDevice("cpu")).target.name).toBe("portable");
  await expect(findDevice("cpu", { lowering: "blocked" })).rejects.toThrow(/lowering blocked: .* got none/);
  expect((await deviceStatus("cpu")).detail).toBe("portable convolutions");
  expect(warnings).not.toHaveBeenCalled();
});

it("a block size that does not fit", async () => {
  const wrong = truth === 8 ? 16 : 8;
  answer = onMachineWith(wrong, real.runOnce);
  const { findDevice, deviceStatus } = await devices();
  const [{ jit }, { eagerly }, { tf }] = await Promise.all([
    import("../../../src/engine/jit.js"),
    import("../programs.js"),
    import("../../../src/engine/tf.js"),
  ]);
  const layer = (x: unknown, w: unknown) => [tf.conv2d(x as never, w as never, 1, "same")];
  const given = [floats([2, 5, 5, 32], 1), floats([3, 3, 32, 32], 2, -0.2, 0.2)];
  const compiled = jit(layer as never);
  const [y] = (await compiled(...(given as never[]))) as unknown as { data(): Promise<Float32Array> }[];
  expectClose(await y!.data(), eagerly(layer as never, given)[0]!.data, { absolute: 1e-5 });
  expect((await findDevice("cpu")).target.name).toBe("portable");
  await expect(findDevice("cpu", { lowering: "blocked" })).rejects.toMatchObject({
    name: "DeviceError",
    message: expect.stringMatching(
      /^lowering blocked: expected a processor .* got .*(is off by|Non-zero status)/,
    ),
  });
  expect((await deviceStatus("cpu")).detail).toMatch(/^portable convolutions, for those in blocks failed: /);
  expect(warnings.mock.calls).toEqual([
    [
      expect.stringContaining(`blocked convolutions (block ${wrong}) failed their self-test`),
      "DeviceWarning",
    ],
  ]);
});
