/** Errors of cells that nobody catches are shown instead of ending the kernel. */
import type { Link } from "./link.js";
import type { Sources } from "./traceback.js";

/** Shows errors of timers and promises that nobody awaits. */
export function showStrayErrors(link: Link, sources: Sources): void {
  const show = (error: unknown) => link.print("stderr", `${sources.describe(error).traceback.join("\n")}\n`);
  process.on("uncaughtException", show);
  process.on("unhandledRejection", show);
}
