/**
 * A lock on a folder, so that two processes do not write one run. It holds the process's number and when that began; a
 * process that was killed leaves it behind, and the next one takes it over.
 *
 * The file comes into being whole, as a second name of one that was written before, so nobody meets half of it. To take
 * it over is to rename it, which only one can do; who thereby took the lock of one that was faster gives it back.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { temporarySuffix } from "./atomic.js";
import { JesslError } from "./errors.js";

const name = "lock";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, where that is known: numbers of processes are given again. */
  readonly began?: string | undefined;
  /** Tells this lock from any other. */
  readonly token: string;
}

/** How often it is tried, while others make and take away locks here at the same time. */
const attempts = 20;

/** After a lock was taken over: how long it may take others to see that the dead one's is gone, in milliseconds. */
const settling = 50;

/** When a process began, in the kernel's ticks since the machine's start; Linux only. */
function beginning(pid: number): string | undefined {
  try {
    // After the program's name, which may hold anything, the 20th word.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19];
  } catch {
    return undefined;
  }
}

function owner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Owner;
  } catch {
    // Not there, or of a disk that was full.
    return undefined;
  }
}

function isAlive({ pid, host, began }: Owner): boolean {
  // Of another machine's processes nothing is known: a scheduler that moves a job there has ended it here. What this one
  // holds itself is of a cell that was interrupted, or of a process that had the same number.
  if (host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return began === undefined || began === beginning(pid);
}

/** Makes the lock; false where there is one. */
function make(file: string, own: string): boolean {
  const draft = `${file}.${randomUUID()}${temporarySuffix}`;
  try {
    writeFileSync(draft, own);
    try {
      linkSync(draft, file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      // A file system without second names.
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
      writeFileSync(file, own, { flag: "wx" });
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes the lock of a dead process away, unless another one was faster. */
function takeAway(file: string): void {
  const away = `${file}.${randomUUID()}${temporarySuffix}`;
  try {
    renameSync(file, away);
    const taken = owner(away);
    if (taken && isAlive(taken)) linkSync(away, file);
  } catch {
    // It is gone, or there is a new one: the next attempt tells.
  } finally {
    rmSync(away, { force: true });
  }
}

/**
 * Locks a folder, which must exist, and returns what unlocks it.
 * @param noun what the folder holds, for the error
 * @throws JesslError when a living process holds it
 */
export function lockFolder(folder: string, noun: string): () => void {
  const file = join(folder, name);
  const token = randomUUID();
  const own: Owner = { pid: process.pid, host: hostname(), began: beginning(process.pid), token };
  for (let attempt = 0; ; attempt++) {
    const isMade = make(file, JSON.stringify(own));
    if (isMade && attempt === 0) break;
    if (isMade) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settling);
    const holder = owner(file);
    if (isMade && holder?.token === token) break;
    if (holder && isAlive(holder))
      throw new JesslError(
        `${noun} ${folder}: process ${holder.pid} is working on it; wait for it or end it`,
      );
    if (attempt === attempts) throw new JesslError(`${noun} ${folder}: its lock cannot be taken: ${file}`);
    takeAway(file);
  }
  return () => {
    if (owner(file)?.token === token) rmSync(file, { force: true });
  };
}
