/**
 * The programs that the cells started: on an interrupt they hear of it, as at a terminal, and on shutdown they end with
 * the kernel.
 */
import { readdirSync, readFileSync } from "node:fs";

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
  signal("SIGTERM");
}

/** Interrupts the processes that the cells started, or those below one of them. */
export function interruptDescendants(root: number = process.pid): void {
  signal("SIGINT", root);
}

function signal(name: NodeJS.Signals, root: number = process.pid): void {
  for (const pid of descendants(root)) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
}
