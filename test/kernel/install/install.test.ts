/** The kernelspec: where it goes, what it says, that real Jupyter finds it, and that doctor sees what is wrong. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLab, findJupyterLab } from "../../../kernel/install/lab.js";
import { userDataFolder } from "../../../kernel/install/paths.js";
import { packageRoot } from "../../../src/support/package.js";
import { describeWith, python } from "../../support/needs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-install-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const cli = (args: string[], env: { [name: string]: string } = {}) =>
  promisify(execFile)(process.execPath, [join(packageRoot, "dist/src/cli/main.js"), ...args], {
    cwd: folder,
    env: {
      ...process.env,
      VIRTUAL_ENV: join(folder, "none"),
      JUPYTER_DATA_DIR: join(folder, "user"),
      JUPYTER_PATH: "",
      ...env,
    },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

const spec = (path: string) => JSON.parse(readFileSync(join(path, "kernel.json"), "utf8"));

test("installs for the user by default: kernel.json, logos, the Plotly extension; removes all of it", async () => {
  const kernel = join(folder, "user/kernels/jessl");
  expect(await cli(["kernel", "install"])).toMatchObject({ code: 0, stdout: `installed in ${kernel}\n` });
  expect(spec(kernel)).toMatchObject({
    argv: [
      process.execPath,
      "--no-force-async-hooks-checks",
      join(packageRoot, "dist/kernel/main.js"),
      "{connection_file}",
    ],
    display_name: "TypeScript (jessl)",
    language: "typescript",
    interrupt_mode: "message",
    env: { MALLOC_TRIM_THRESHOLD_: "1048576" },
  });
  for (const [logo, size] of [
    ["logo-32x32.png", 32],
    ["logo-64x64.png", 64],
  ] as const) {
    const png = readFileSync(join(kernel, logo));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([size, size]);
  }
  expect(readFileSync(join(kernel, "logo-svg.svg"), "utf8")).toContain("<svg");
  const extension = join(folder, "user/labextensions/jessl-plotly");
  expect(existsSync(join(extension, "static/plotly.min.js"))).toBe(true);
  expect(await cli(["kernel", "install"])).toMatchObject({ code: 0 });
  expect(await cli(["kernel", "remove"])).toMatchObject({ code: 0, stdout: `removed ${kernel}\n` });
  expect([existsSync(kernel), existsSync(extension)]).toEqual([false, false]);
  expect(await cli(["kernel", "remove"])).toMatchObject({
    code: 2,
    stderr: /kernel jessl: expected a kernel of jessl/,
  });
});

test("--prefix, --sys-prefix, --name and --display-name", async () => {
  const prefix = join(folder, "p");
  await cli(["kernel", "install", "--prefix", prefix, "--name", "Other"]);
  expect(spec(join(prefix, "share/jupyter/kernels/other")).display_name).toBe("TypeScript (Other)");
  await cli(["kernel", "install", "--sys-prefix", "--display-name", "TS"], {
    VIRTUAL_ENV: join(folder, "v"),
  });
  expect(spec(join(folder, "v/share/jupyter/kernels/jessl")).display_name).toBe("TS");
  expect(await cli(["kernel", "install", "--name", "a/b"])).toMatchObject({
    code: 2,
    stderr: /kernel name a\/b: expected/,
  });
  expect(await cli(["kernel", "install", "--user", "--prefix", prefix])).toMatchObject({ code: 2 });
});

test("remove leaves other kernels alone", async () => {
  const other = join(folder, "user/kernels/jessl");
  mkdirSync(other, { recursive: true });
  writeFileSync(
    join(other, "kernel.json"),
    JSON.stringify({ argv: ["python", "-m", "other", "{connection_file}"] }),
  );
  expect(await cli(["kernel", "remove"])).toMatchObject({ code: 2 });
  expect(existsSync(other)).toBe(true);
});

test("doctor: what is missing fails with a hint; installed, a cell runs", async () => {
  const bare = await cli(["kernel", "doctor"], { PATH: dirname(process.execPath) });
  expect(bare).toMatchObject({ code: 1, stderr: expect.stringMatching(/1 of \d checks failed/) });
  expect(bare.stdout).toMatch(/failed {2}kernelspec .*\n +→ jessl kernel install/);
  await cli(["kernel", "install"]);
  const well = await cli(["kernel", "doctor"], { PATH: dirname(process.execPath) });
  expect(well.code).toBe(0);
  expect(well.stdout).toMatch(/ok {6}kernel {6}jessl .* answers after [\d.]+ s and evaluates a cell/);
  const kernel = join(folder, "user/kernels/jessl/kernel.json");
  writeFileSync(kernel, readFileSync(kernel, "utf8").replace(process.execPath, "/nowhere/node"));
  const broken = await cli(["kernel", "doctor"], { PATH: dirname(process.execPath) });
  expect(broken).toMatchObject({ code: 1, stdout: expect.stringContaining("/nowhere/node is gone") });
});

test.each([
  ["linux", {}, "/home/u/.local/share/jupyter"],
  ["linux", { XDG_DATA_HOME: "/data" }, "/data/jupyter"],
  ["linux", { JUPYTER_DATA_DIR: "/own" }, "/own"],
  ["darwin", {}, "/home/u/Library/Jupyter"],
] as const)("the user's folder on %s with %j", (platform, env, path) => {
  expect(userDataFolder(env, platform, "/home/u")).toBe(path);
});

test("lab: the environment's first, then .venv's, then PATH's; without Python a clear error", async () => {
  const place = (name: string) => {
    const path = join(folder, name, "bin/jupyter-lab");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    return path;
  };
  expect(findJupyterLab(folder, { PATH: "" })).toBeUndefined();
  const onPath = place("usr");
  expect(findJupyterLab(folder, { PATH: dirname(onPath) })).toBe(onPath);
  const local = place(".venv");
  expect(findJupyterLab(folder, { PATH: dirname(onPath) })).toBe(local);
  const active = place("active");
  expect(findJupyterLab(folder, { PATH: "", VIRTUAL_ENV: join(folder, "active") })).toBe(active);
  await expect(createLab(folder, () => undefined, { PATH: "" })).rejects.toThrow(
    "python3: none found on PATH",
  );
});

describeWith(["python:jupyter_client"], "real Jupyter", () => {
  test("lists the kernel", async () => {
    await cli(["kernel", "install", "--prefix", folder]);
    const script =
      "import json; from jupyter_client.kernelspec import KernelSpecManager as M; print(json.dumps(M().get_all_specs()))";
    const { stdout } = await promisify(execFile)(python, ["-c", script], {
      env: {
        ...process.env,
        JUPYTER_PATH: join(folder, "share/jupyter"),
        JUPYTER_DATA_DIR: join(folder, "user"),
      },
    });
    expect(JSON.parse(stdout).jessl).toMatchObject({
      resource_dir: join(folder, "share/jupyter/kernels/jessl"),
      spec: { display_name: "TypeScript (jessl)", interrupt_mode: "message" },
    });
  });
});
