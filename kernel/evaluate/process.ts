/**
 * The process around the cells: errors that nobody catches are shown instead of ending the kernel, and on shutdown the
 * programs that the cells started end with it.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Link } from "./link.js";
import type { Sources } from "./traceback.js";

/** Shows errors of timers and promises that nobody awaits. */
export function showStrayErrors(link: Link, sources: Sources): void {
  const show = (error: unknown) => link.print("stderr", `${sources.describe(error).traceback.join("\n")}\n`);
  process.on("uncaughtException", show);
  process.on("unhandledRejection", show);
}

/** The processes below this one (Linux; empty elsewhere). */
export function descendants(root: number = process.pid): number[] {
  const children = new Map<number, number[]>();
  let entries: string[];
  try {
    entries = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  for (const entry of entries) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const found: number[] = [];
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(root);
  return found;
}

/** Ends the processes that the cells started. */
export function endDescendants(): void {
  for (const pid of descendants()) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It ended meanwhile.
    }
  }
}
