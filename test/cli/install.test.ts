/**
 * `jessl install tensorflow` as users run it, where something is missing: what it says, and that it leaves nothing behind.
 * pip and npm are the real ones, told by their own settings to ask nobody: they fail, and name what they were asked for.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { packageRoot } from "../../src/index.js";
import { runCli } from "../support/cli.js";
import { describeWith, python } from "../support/needs.js";

const variants = [
  { options: [], name: "cpu", wheel: "tensorflow-cpu", extra: "", npm: "@tensorflow/tfjs-node@", gib: 3 },
  {
    options: ["--gpu"],
    name: "gpu",
    wheel: "tensorflow",
    extra: "[and-cuda]",
    npm: "@tensorflow/tfjs-node-gpu@",
    gib: 12,
  },
] as const;
const version = "2.21.0";

/** What `npm ci` reads, and the list of what is installed. */
const projectFiles = () =>
  ["package.json", "package-lock.json", "node_modules/.package-lock.json"].map((file) =>
    readFileSync(join(packageRoot, file), "utf8"),
  );

/** A wheel of the name and version that is asked for, without TensorFlow in it. */
function writeWheel(folder: string, name: string): void {
  const script = `
import sys, zipfile
folder, name, version, machine = sys.argv[1:]
tag = f"cp312-cp312-manylinux_2_17_{machine}"
with zipfile.ZipFile(f"{folder}/{name.replace('-', '_')}-{version}-{tag}.whl", "w") as wheel:
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    wheel.writestr("tensorflow/include/empty.h", "")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\nProvides-Extra: and-cuda\\n")
    wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {tag}\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  execFileSync(python, ["-c", script, folder, name, version, machine]);
}

describeWith(
  ["program:g++", "python:pip", "program:npm", "file:/proc/stat"],
  "jessl install tensorflow",
  () => {
    let folder: string;
    const cached = () => readdirSync(join(folder, "jessl"));
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "jessl-install-"));
      for (const name of ["bin", "jessl", "wheels"]) mkdirSync(join(folder, name));
      vi.stubEnv("XDG_CACHE_HOME", folder);
      vi.stubEnv("PIP_NO_INDEX", "1");
      vi.stubEnv("PIP_FIND_LINKS", join(folder, "wheels"));
      vi.stubEnv("npm_config_offline", "true");
      vi.stubEnv("npm_config_cache", join(folder, "npm"));
    });
    afterEach(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    });

    /** Puts the tests' Python on a PATH that has `others` beside it. */
    const withPython = (...others: string[]): void => {
      const real = execFileSync(python, ["-c", "import sys; print(sys.executable)"], {
        encoding: "utf8",
      }).trim();
      const wrapper = join(folder, "bin/python3");
      writeFileSync(wrapper, `#!/bin/sh\nexec '${real}' "$@"\n`);
      chmodSync(wrapper, 0o755);
      vi.stubEnv("PATH", [join(folder, "bin"), ...others].join(delimiter));
    };

    it("without Python; and it names what is left of an installation that was cut off", async () => {
      const part = join(folder, "jessl/tensorflow-cpu-linux-x64.part-AbCdEf");
      mkdirSync(part);
      vi.stubEnv("PATH", join(folder, "bin"));
      const { code, stdout, stderr } = await runCli(["install", "tensorflow"]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^note: \S+\.part-AbCdEf is left of an installation that was cut off/);
      expect(stderr).toMatch(/\njessl: python: expected 3\.10 or newer with pip.*apt-get install python3/);
      expect(cached()).toEqual(["tensorflow-cpu-linux-x64.part-AbCdEf"]);
    });

    it("without a compiler", async () => {
      withPython();
      const { code, stderr } = await runCli(["install", "tensorflow"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^jessl: compiler: expected a C\+\+ compiler as g\+\+.*apt-get install g\+\+/);
      expect(cached()).toEqual([]);
    });

    it.each(variants)("$name: a disk without room", async ({ options, name, gib }) => {
      withPython(process.env.PATH!);
      vi.stubEnv("XDG_CACHE_HOME", "/proc/cache"); // a file system without any
      const { code, stderr } = await runCli(["install", "tensorflow", ...options]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(
          `^jessl: disk: expected ${gib} GiB free for /proc/cache/jessl/tensorflow-${name}-\\S+, found 0.0 GiB`,
        ),
      );
    });

    const { bavail, bsize } = statfsSync(tmpdir());
    const there = variants.filter(({ gib }) => (bavail * bsize) / 1024 ** 3 > gib);
    it.skipIf(there.length === 0).each(there)(
      "$name: a library or a package that is not found is named, and the project stays as it was",
      async ({ options, wheel, extra, npm }) => {
        withPython(process.env.PATH!);
        const before = projectFiles();
        const library = await runCli(["install", "tensorflow", ...options]);
        expect(library).toMatchObject({ code: 1, stdout: "" });
        expect(library.stderr).toContain(`No matching distribution found for ${wheel}`);
        expect(library.stderr).toContain(`jessl: libtensorflow from PyPI, ${wheel}${extra}==${version}: `);
        expect(library.stderr).not.toContain("2/4");
        writeWheel(join(folder, "wheels"), wheel);
        const module = await runCli(["install", "tensorflow", ...options]);
        expect(module).toMatchObject({ code: 1, stdout: "" });
        expect(module.stderr).toMatch(/^1\/4 .*\n2\/4 /);
        expect(module.stderr).toContain(`jessl: ${npm}`);
        expect(cached()).toEqual([]);
        expect(projectFiles()).toEqual(before);
        execFileSync("npm", ["ci", "--dry-run", "--ignore-scripts"], { cwd: packageRoot, stdio: "ignore" });
      },
      120_000,
    );
  },
);
