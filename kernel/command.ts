/** How the kernel is started. */
import { join } from "node:path";
import { packageRoot } from "../src/support/package.js";

/** The kernel's executable. */
export const kernelMain: string = join(packageRoot, "dist/kernel/main.js");

/**
 * The command that starts the kernel, for a kernelspec or a client. The flag keeps Node alive where V8 terminates code
 * inside a timer.
 */
export function kernelCommand(connectionFile: string, node: string = process.execPath): string[] {
  return [node, "--no-force-async-hooks-checks", kernelMain, connectionFile];
}
