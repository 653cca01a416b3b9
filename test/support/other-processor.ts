/**
 * ONNX Runtime on a processor that this machine is not: QEMU translates the whole of Node for one without AVX-512 (an Intel
 * Haswell), where the blocked operators have blocks of 8. Only Linux on x64 has user-mode QEMU for it.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allocate, sizeOf } from "../../src/engine/host.js";
import { encodeModel } from "../../src/engine/lower/onnx.js";
import type { Run } from "../../src/engine/run/probe.js";
import type { Part } from "./needs.js";

/** What it needs. */
export const haswellParts: readonly Part[] = ["program:qemu-x86_64"];

/** Whether there can be such a processor here at all. */
export const canBeHaswell = process.platform === "linux" && process.arch === "x64";

const script = fileURLToPath(new URL("run-model.mjs", import.meta.url));

type Written = readonly [name: string, type: string, shape: readonly number[], base64: string];

/** Runs a model there, in a process of its own. */
export const onHaswell: Run = async (model, inputs) => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-haswell-"));
  try {
    const [file, given, results] = ["model.onnx", "inputs.json", "outputs.json"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(file, encodeModel(model));
    const written = inputs.map(({ data, shape, dtype }, i): Written => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return [model.inputs[i]!.name, dtype, shape, bytes.toString("base64")];
    });
    writeFileSync(given, JSON.stringify(written));
    const args = ["-cpu", "Haswell", process.execPath, script, file, given, results];
    execFileSync("qemu-x86_64", args, { stdio: "pipe", timeout: 300_000 });
    const read = new Map(
      (JSON.parse(readFileSync(results, "utf8")) as Written[]).map(([name, , , text]) => [name, text]),
    );
    return model.outputs.map(({ name, type, shape }) => {
      const data = allocate(type as "float32", sizeOf(shape));
      Buffer.from(data.buffer).set(Buffer.from(read.get(name)!, "base64"));
      return data;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};
