/**
 * A lock on a folder, so that two processes do not write one run. It holds the process's number; a process that was
 * killed leaves it behind, and the next one takes it over.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { JesslError } from "./errors.js";

const name = "lock";

interface Owner {
  readonly pid: number;
  readonly host: string;
}

function owner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Owner;
  } catch {
    // Not there, or cut short by a kill.
    return undefined;
  }
}

function isAlive({ pid, host }: Owner): boolean {
  // Of another machine's processes nothing is known: a scheduler that moves a job there has ended it here.
  if (host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Locks a folder, which must exist, and returns what unlocks it.
 * @param noun what the folder holds, for the error
 * @throws JesslError when a living process holds it
 */
export function lockFolder(folder: string, noun: string): () => void {
  const file = join(folder, name);
  const own = JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, own, { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw error;
    }
    const holder = owner(file);
    if (holder && isAlive(holder))
      throw new JesslError(
        `${noun} ${folder}: process ${holder.pid} is working on it; wait for it or end it`,
      );
    rmSync(file, { force: true });
  }
}
