/**
 * Where the package lies on disk and which version it is. The compiled files sit in dist/, the embedded data and
 * the reproductions' results beside it, so that paths are found from package.json and not from the working directory.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`package.json: none found above ${import.meta.url}`);
    folder = parent;
  }
  return folder;
}

/** The folder that holds jessl's package.json. */
export const packageRoot: string = findRoot();

/** The version in package.json. */
export const version: string = (
  JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string }
).version;

/** The folder of a package that is installed beside jessl; undefined when it is not. */
export function packageFolder(name: string): string | undefined {
  const { resolve } = createRequire(join(packageRoot, "package.json"));
  // Not by `require`: some packages export their package.json, others do not.
  return (resolve.paths(name) ?? [])
    .map((folder) => join(folder, name))
    .find((path) => existsSync(join(path, "package.json")));
}

/** The version of a package that is installed beside jessl; undefined when it is not. */
export function packageVersion(name: string): string | undefined {
  const folder = packageFolder(name);
  return folder === undefined
    ? undefined
    : (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}
