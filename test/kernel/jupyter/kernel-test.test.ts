/** jupyter_kernel_test, the Jupyter project's own suite, through jupyter_client and an installed kernelspec. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../src/support/package.js";
import { describeWith, python } from "../../support/needs.js";

describeWith(["python:jupyter_kernel_test"], "jupyter_kernel_test", () => {
  test("passes, every test of it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-jupyter-"));
    mkdirSync(join(folder, "kernels/jessl"), { recursive: true });
    const main = join(packageRoot, "dist/kernel/main.js");
    const argv = [process.execPath, "--no-force-async-hooks-checks", main, "{connection_file}"];
    const spec = {
      argv,
      display_name: "TypeScript (jessl)",
      language: "typescript",
      interrupt_mode: "message",
    };
    writeFileSync(join(folder, "kernels/jessl/kernel.json"), JSON.stringify(spec));
    const env = {
      ...process.env,
      JUPYTER_PATH: folder,
      JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
      JESSL_HISTORY: join(folder, "history.jsonl"),
    };
    const script = join(packageRoot, "test/kernel/jupyter/kernel_test.py");
    const child = spawn(python, [script], { cwd: folder, env });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    rmSync(folder, { recursive: true, force: true });
    expect(code, output).toBe(0);
    expect(output).toMatch(/Ran 18 tests/);
    expect(output).not.toContain("skipped");
  }, 120_000);
});
