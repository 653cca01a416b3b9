/**
 * The device `tensorflow`. Installing it fetches hundreds of megabytes, so that is done only under JESSL_TEST_ALL=1, and
 * only if it is not in the cache; where it is there, a training step on it equals the one on the CPU.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createProgram } from "../../../bench/program.js";
import type { EncoderSpec, Work } from "../../../bench/works.js";
import type { DeviceTensor } from "../../../src/engine/device-tensor.js";
import { type Jitted, jit } from "../../../src/engine/jit.js";
import { findTensorflow } from "../../../src/engine/run/tensorflow/find.js";
import { installTensorflow } from "../../../src/engine/run/tensorflow/install.js";
import { loadTensorflow } from "../../../src/engine/run/tensorflow/load.js";
import { tf } from "../../../src/engine/tf.js";
import { flatten, leafPaths, type Tree } from "../../../src/engine/tree.js";
import { checkDisk, findCompiler, findPython } from "../../../src/support/programs.js";
import { relativeError } from "../../support/close.js";

const log = () => {};

describe("installing TensorFlow: what can be missing", () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "jessl-install-"));
    vi.stubEnv("XDG_CACHE_HOME", cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });

  it("Python, a compiler, disk space: each says what to do", () => {
    expect(() => findPython(["pip"], ["no-such-python"])).toThrow(
      /python: expected 3\.10 or newer with pip.*apt-get/s,
    );
    expect(() => findPython(["no_such_module"], ["python3"])).toThrow(/with no_such_module/);
    expect(() => findCompiler(["no-such-compiler"])).toThrow(/compiler: expected a C\+\+ compiler.*apt-get/s);
    expect(() => checkDisk(join(cache, "not/yet/there"), 1e9)).toThrow(/disk: expected 1000000000 GiB free/);
  });

  it.runIf(process.platform === "linux")("an installation that fails leaves nothing behind", () => {
    const options = { variant: "cpu", log, python: "/bin/false", compiler: "/bin/false" } as const;
    expect(() => installTensorflow(options)).toThrow(
      /libtensorflow from PyPI, tensorflow-cpu==\S+: \/bin\/false .* failed: exit code 1/,
    );
    expect(readdirSync(join(cache, "jessl"))).toEqual([]);
  });

  it("the device is an error that says how to get it", () => {
    if (findTensorflow()) return; // a package beside jessl
    expect(() => loadTensorflow()).toThrow(
      /device tensorflow: it is not installed; run: jessl install tensorflow/,
    );
  });
});

const everything = process.env.JESSL_TEST_ALL === "1" && process.platform === "linux";

describe.skipIf(!everything && !findTensorflow())(
  "the device tensorflow (skipped where it is not installed, but under JESSL_TEST_ALL=1)",
  () => {
    it("is installed", { timeout: 600_000 }, () => {
      if (!findTensorflow()) installTensorflow({ variant: "cpu", log });
      expect(existsSync(findTensorflow()!.folder)).toBe(true);
      expect(loadTensorflow().version).toMatch(/^\d+\.\d+/);
      expect(tf.getBackend()).toBe("cpu");
    });

    const encoders: readonly EncoderSpec[] = [
      { name: "convnet", widths: [8, 16], strides: [1, 2] },
      { name: "resnet", blocks: [1, 1], bottleneck: true, width: 8, stem: "imagenet" },
    ];

    it.each(encoders)(
      "$name: steps as on the CPU; memory is freed, the current backend stays",
      async (encoder) => {
        const images = [8, 16, 16, 3] as const;
        const work: Work = { name: "tiny", title: "tiny", task: "train", images, encoder, projector: "16-8" };
        const { fn, args } = createProgram(work);
        const options = { name: "step", donate: [0] };
        const sides = [jit(fn, { ...options, device: "tensorflow" }), jit(fn, options)];
        const states: unknown[] = [args[0], args[0]];
        const held: number[] = [];
        for (let i = 0; i < 3; i++) {
          const outputs = await Promise.all(
            sides.map(async (step: Jitted<Tree<tf.Tensor>[], Tree<tf.Tensor>>, side) => {
              const result = (await step(
                states[side] as never,
                args[1] as never,
                args[2] as never,
              )) as unknown as {
                state: Tree<DeviceTensor>;
                output: DeviceTensor;
              };
              states[side] = result.state;
              const { leaves } = flatten<DeviceTensor>(result as unknown as Tree<DeviceTensor>);
              const numbers = await Promise.all(leaves.map((leaf) => leaf.data()));
              result.output.dispose();
              return { numbers, paths: leafPaths(result as unknown as Tree<DeviceTensor>) };
            }),
          );
          const [actual, expected] = outputs as [(typeof outputs)[0], (typeof outputs)[0]];
          // A bias before batch norm has a gradient of rounding errors only.
          for (const [j, path] of expected.paths.entries())
            if (!path.includes("linear1.bias") && !path.includes("norm1.mean"))
              expect(
                relativeError(actual.numbers[j]!, expected.numbers[j]!),
                `step ${i} ${path}`,
              ).toBeLessThan(1e-4);
          held.push(tf.memory().numTensors);
        }
        expect(held[2]).toBe(held[1]);
        expect(tf.getBackend()).toBe("cpu");
        await Promise.all(sides.map((step) => step.dispose()));
      },
    );
  },
);
