/** `jessl doctor` as a process: every device and part, present or with what brings it. */
import { expect, test } from "vitest";
import { turboInstall } from "../../src/data/turbo.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { runCli } from "../support/cli.js";

test("lists devices and parts, and ends with 0 whatever is missing", async () => {
  const { code, stdout } = await runCli(["doctor", "--json"]);
  expect(code).toBe(0);
  const { versions, threads, devices, auto, parts } = JSON.parse(stdout);
  expect(threads).toMatchObject({ count: expect.any(Number), spinning: true, affinity: false });
  expect(devices.find(({ name }: { name: string }) => name === auto.device)).toMatchObject({ here: true });
  expect(auto.reason).toMatch(/the fastest here, by GFLOPS of matrix products: cpu \d/);
  const { block } = await probeCpu();
  expect(devices[0].block).toBe(block);
  expect(versions).toMatchObject({ node: process.version, onnxruntime: expect.stringMatching(/^\d/) });
  expect(devices.map(({ name }: { name: string }) => name)).toEqual([
    "cpu",
    "webgpu",
    "cuda",
    "tensorflow",
    "wasm",
  ]);
  expect(devices[0]).toMatchObject({ here: true, gflops: expect.any(Number) });
  for (const { name, here, how, detail, mixed } of devices) {
    expect(detail, name).toBeTruthy();
    if (!here) expect(how, name).toBeTruthy();
    else expect(mixed, name).toMatch(/mixed precision/);
  }
  expect(parts.at(-1)).toMatchObject({ name: "jpeg", how: `npm i ${turboInstall}` });
  for (const { here, how } of parts) expect([here, how]).toEqual([expect.any(Boolean), expect.any(String)]);
}, 120_000);
