/** The end of a kernel: on request, on restart, by signal, with its parent; and what of it outlives it. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../../src/support/package.js";
import { TestKernel } from "../support/client.js";

let kernels: TestKernel[] = [];
afterEach(async () => {
  await Promise.all(kernels.map((kernel) => kernel.stop()));
  kernels = [];
});

async function start(options = {}) {
  const kernel = await TestKernel.start(options);
  kernels.push(kernel);
  return kernel;
}

/** Whether a process still runs. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && lives(pid); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return !lives(pid);
}

const sleeper = `
  const child = require('node:child_process').spawn('sleep', ['600']);
  setInterval(() => {}, 1000);
  child.pid`;

describe("shutdown_request", () => {
  test.each([
    ["shutdown", "control", false],
    ["restart", "control", true],
    ["shutdown", "shell", false],
  ] as const)("%s on %s with a live timer ends kernel and children", async (_name, socket, restart) => {
    const kernel = await start();
    const pid = Number((await kernel.run(sleeper)).result);
    expect(lives(pid)).toBe(true);
    const reply = await kernel.request(socket, "shutdown_request", { restart });
    expect(reply).toMatchObject({ type: "shutdown_reply", content: { status: "ok", restart } });
    expect(await kernel.exited).toBe(0);
    expect(await gone(pid)).toBe(true);
  });

  test("is announced on iopub", async () => {
    const kernel = await start();
    const id = await kernel.send("control", "shutdown_request", { restart: false });
    await kernel.until(
      () => kernel.iopub.find(({ type, parent }) => type === "shutdown_reply" && parent === id),
      "announcement",
    );
    await kernel.exited;
  });

  test("ends a kernel that a cell blocks", async () => {
    const kernel = await start();
    const id = await kernel.start("console.log('in'); while (true) {}");
    await kernel.until(
      () => kernel.iopub.find(({ type, parent }) => type === "stream" && parent === id),
      "out",
    );
    await kernel.request("control", "shutdown_request", { restart: false });
    await kernel.exited;
  });
});

describe("without a request", () => {
  test("SIGTERM ends the kernel and its children", async () => {
    const kernel = await start();
    const pid = Number((await kernel.run(sleeper)).result);
    kernel.child.kill("SIGTERM");
    await kernel.exited;
    expect(await gone(pid)).toBe(true);
  });

  test.each([
    ["later", 1500],
    ["before the kernel is ready", 0],
  ])("a kernel whose parent is killed ends: %s", async (_when, milliseconds) => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-parent-"));
    // A process between this one and the kernel, as Jupyter is.
    const program = `
      const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, JSON.parse(process.argv[1]), {
        stdio: "ignore",
        env: { ...process.env, JPY_PARENT_PID: String(process.pid) },
      });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const connectionFile = join(folder, "connection.json");
    const path = join(packageRoot, "dist/kernel/main.js");
    const ports = { shell_port: 0, control_port: 0, iopub_port: 0, stdin_port: 0, hb_port: 0 };
    writeFileSync(connectionFile, JSON.stringify({ ...ports, ip: "127.0.0.1", key: "k" }), { mode: 0o600 });
    const args = JSON.stringify(["--no-force-async-hooks-checks", path, connectionFile]);
    const parent = spawn(process.execPath, ["-e", program, args], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const pid = await new Promise<number>((resolve) =>
        parent.stdout.once("data", (text) => resolve(Number(text))),
      );
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      expect(lives(pid)).toBe(true);
      parent.kill("SIGKILL");
      expect(await gone(pid)).toBe(true);
    } finally {
      parent.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("process.exit() in a cell ends the kernel", async () => {
    const kernel = await start();
    await kernel.start("process.exit(3)");
    expect(await kernel.exited).toBe(3);
  });
});

describe("history", () => {
  test("is kept between sessions", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-history-"));
    const env = { JESSL_HISTORY: join(folder, "history.jsonl") };
    const first = await start({ env });
    await first.run("'in the first session'");
    await first.request("control", "shutdown_request", { restart: false });
    await first.exited;
    const second = await start({ env });
    await second.run("'in the second session'");
    const history = async (content: object) =>
      (await second.request("shell", "history_request", content as { [key: string]: unknown })).content
        .history;
    expect(await history({ hist_access_type: "tail", n: 2 })).toEqual([
      [1, 1, "'in the first session'"],
      [2, 1, "'in the second session'"],
    ]);
    expect(await history({ hist_access_type: "range", session: -1, start: 0 })).toEqual([
      [1, 1, "'in the first session'"],
    ]);
    rmSync(folder, { recursive: true, force: true });
  });
});
