/** Where files lie that can be made or fetched again: $XDG_CACHE_HOME/jessl, or ~/.cache/jessl. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** The cache folder, or a path in it. It need not exist. The variable must hold an absolute path, as XDG demands. */
export function cacheFolder(...parts: string[]): string {
  const xdg = process.env.XDG_CACHE_HOME;
  const root = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  return join(root, "jessl", ...parts);
}
