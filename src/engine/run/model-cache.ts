/**
 * Compiled models on disk. Most of the time that ONNX Runtime takes to make a session goes into its optimisation of the
 * graph, and what comes of that can be written to a file: a later process, or the same run continued, reads it instead.
 *
 * An entry's name is the hash of the very model that was compiled, of ONNX Runtime's version and of the processor, so a
 * program that differs in anything, be it one constant, has another one. An entry begins with the hash of what follows,
 * so a damaged one is noticed, and made again. Entries that were not used for longest are deleted when there is too much.
 * Whatever fails here only costs time. JESSL_CACHE=off does without.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../support/cache.js";
import { packageVersion } from "../../support/package.js";

/** Bytes of all entries together. */
const largestCache = 1 << 30;

const ending = ".model";
const digestBytes = 32;

const digest = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** Whether models are kept; JESSL_CACHE=off says no. */
export function cacheIsOn(): boolean {
  return process.env.JESSL_CACHE !== "off";
}

/** The folder of the entries. */
export const modelFolder = (): string => cacheFolder("models");

/** The file of a model's entry. */
export function entryPath(model: Uint8Array): string {
  const place = [packageVersion("onnxruntime-node"), process.platform, process.arch, cpus()[0]?.model];
  const name = createHash("sha256").update(JSON.stringify(place)).update(model).digest("hex");
  return join(modelFolder(), `${name.slice(0, 40)}${ending}`);
}

/** What an entry holds; undefined where there is none, or a damaged one, which is deleted. */
export function readEntry(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    const content = bytes.subarray(digestBytes);
    if (!digest(content).equals(bytes.subarray(0, digestBytes))) {
      rmSync(path, { force: true });
      return undefined;
    }
    const now = new Date();
    utimesSync(path, now, now);
    return content;
  } catch {
    return undefined;
  }
}

/** A name beside an entry for ONNX Runtime to write to; undefined where nothing can be written. */
export function temporaryFor(path: string): string | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return join(dirname(path), `.${randomUUID()}.tmp`);
  } catch {
    return undefined;
  }
}

/** Makes what lies at `temporary` the entry. The file goes; a process that reads meanwhile finds a whole entry or none. */
export function storeEntry(path: string, temporary: string, limit = largestCache): void {
  const whole = `${temporary}.whole`;
  try {
    const content = readFileSync(temporary);
    if (content.length > limit) return;
    writeFileSync(whole, digest(content));
    writeFileSync(whole, content, { flag: "a" });
    renameSync(whole, path);
    prune(limit);
  } catch {
    // A full disk, or a folder that may not be written: it goes without.
  } finally {
    for (const file of [temporary, whole]) rmSync(file, { force: true });
  }
}

// What a process that was killed left is an hour old or more.
const abandonedMs = 3_600_000;

/** What is kept now: how many entries, and their bytes. */
export function cacheSize(): { readonly entries: number; readonly bytes: number } {
  try {
    const names = readdirSync(modelFolder()).filter((name) => name.endsWith(ending));
    const sizes = names.map(
      (name) => statSync(join(modelFolder(), name), { throwIfNoEntry: false })?.size ?? 0,
    );
    return { entries: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  } catch {
    return { entries: 0, bytes: 0 };
  }
}

/** Deletes the entries that were not used for longest, until the rest fits, and what killed processes left. */
export function prune(limit = largestCache): void {
  const files = readdirSync(modelFolder()).flatMap((name) => {
    const path = join(modelFolder(), name);
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? [{ path, size: stat.size, used: stat.mtimeMs }] : [];
  });
  let total = 0;
  for (const { path, size, used } of files.sort((a, b) => b.used - a.used)) {
    const isEntry = path.endsWith(ending);
    if (isEntry) total += size;
    if (isEntry ? total > limit : Date.now() - used > abandonedMs) rmSync(path, { force: true });
  }
}
