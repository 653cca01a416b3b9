/** What `jessl kernel doctor` checks: the parts that must be there for a notebook to run, and that a cell really runs. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../src/support/package.js";
import { KernelClient } from "../client/client.js";
import { kernelMain } from "../command.js";
import { type Installed, installedKernels } from "./kernelspec.js";
import { findJupyterLab } from "./lab.js";

/** One finding. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Runs all checks. */
export async function examine(): Promise<Check[]> {
  return [checkNode(), ...checkKernelspecs(), await checkStart(), checkLab()];
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const detail = `${process.versions.node} (${process.execPath})`;
  return major > 20 || (major === 20 && minor >= 19)
    ? { name: "node", state: "ok", detail }
    : { name: "node", state: "failed", detail, hint: "install Node 20.19 or newer" };
}

function checkKernelspecs(): Check[] {
  const installed = installedKernels();
  if (installed.length > 0) return installed.map(checkKernelspec);
  const detail = "none of jessl in Jupyter's folders";
  return [{ name: "kernelspec", state: "failed", detail, hint: "jessl kernel install" }];
}

function checkKernelspec({ folder, spec }: Installed): Check {
  const [node = "", , main = ""] = spec.argv;
  const missing = [node, main].find((path) => !existsSync(path));
  if (missing !== undefined)
    return {
      name: "kernelspec",
      state: "failed",
      detail: `${folder}: ${missing} is gone`,
      hint: "install it again: jessl kernel install",
    };
  if (main !== kernelMain)
    return {
      name: "kernelspec",
      state: "warning",
      detail: `${folder}: starts another copy of jessl (${main})`,
      hint: "to use this one: jessl kernel install",
    };
  return { name: "kernelspec", state: "ok", detail: folder };
}

async function checkStart(): Promise<Check> {
  const folder = mkdtempSync(join(tmpdir(), "jessl-doctor-"));
  try {
    const began = performance.now();
    const kernel = await KernelClient.start({
      folder,
      env: { JESSL_HISTORY: join(folder, "history.jsonl") },
      startSeconds: 30,
    });
    try {
      const ready = performance.now() - began;
      let result = "";
      const reply = await kernel.execute("1 + 1", ({ header, content }) => {
        if (header.msg_type === "execute_result")
          result = String((content.data as { "text/plain"?: unknown })["text/plain"]);
      });
      if (reply.status !== "ok" || result !== "2")
        return {
          name: "kernel",
          state: "failed",
          detail: `1 + 1: expected 2, got ${result || reply.evalue}`,
        };
      const detail = `jessl ${version} answers after ${(ready / 1000).toFixed(2)} s and evaluates a cell`;
      return { name: "kernel", state: "ok", detail };
    } finally {
      await kernel.stop();
    }
  } catch (error) {
    const hint = "the lines above say why; npm rebuild zeromq mends a missing binary";
    return { name: "kernel", state: "failed", detail: (error as Error).message, hint };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkLab(): Check {
  const lab = findJupyterLab();
  if (lab === undefined)
    return {
      name: "jupyterlab",
      state: "warning",
      detail: "none found",
      hint: "jessl lab installs one into .venv",
    };
  try {
    const found = execFileSync(lab, ["--version"], { encoding: "utf8", timeout: 60_000 }).trim();
    return { name: "jupyterlab", state: "ok", detail: `${found} (${lab})` };
  } catch (error) {
    return {
      name: "jupyterlab",
      state: "failed",
      detail: `${lab}: ${(error as Error).message.split("\n")[0]}`,
    };
  }
}
