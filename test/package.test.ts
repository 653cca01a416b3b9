import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot, version } from "../src/index.js";

const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
const lock = JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8"));

test("every dependency is pinned to one version", () => {
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
  const loose = Object.entries(wanted).filter(
    ([, range]) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(String(range)),
  );
  expect(loose).toEqual([]);
});

test("the lock file holds the native packages of every platform", () => {
  const names = Object.keys(lock.packages).join("\n");
  for (const part of [
    "@img/sharp-darwin-arm64",
    "@img/sharp-win32-x64",
    "@resvg/resvg-js-darwin-arm64",
    "@resvg/resvg-js-win32-x64-msvc",
    "@biomejs/cli-darwin-arm64",
    "@biomejs/cli-win32-x64",
  ])
    expect(names).toContain(part);
});

test("the lock file names no registry", () => {
  expect(Object.values(lock.packages).filter((entry) => (entry as { resolved?: string }).resolved)).toEqual(
    [],
  );
});

test("version is package.json's", () => {
  expect(version).toBe(manifest.version);
});
