/**
 * Files that are either whole or absent. Content goes to a temporary name in the same folder, is flushed to the disk
 * and then renamed over the target, so that a reader, a crash or a full disk never meets half a file.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DiskError } from "./errors.js";

/** The ending of temporary files; what is left of them after a crash may be deleted. */
export const temporarySuffix = ".tmp";

let counter = 0;

/** A failed write in the terms of the user. */
export function diskError(path: string, error: unknown): DiskError {
  const code = (error as NodeJS.ErrnoException).code;
  const reason =
    code === "ENOSPC" || code === "EDQUOT"
      ? "the disk is full; free some space and run the same command again"
      : code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? "it may not be written; check the folder's permissions"
        : (error as Error).message;
  return new DiskError(`file ${path}: ${reason}`, { cause: error });
}

/** Writes all of `parts` to an open file; a short write is continued. */
export function writeFully(file: number, parts: Iterable<Uint8Array>): void {
  for (const part of parts) {
    let offset = 0;
    while (offset < part.byteLength) offset += writeSync(file, part, offset, part.byteLength - offset);
  }
}

/**
 * Writes a file atomically; its folder is made if it is missing.
 * @param content text, bytes, or several runs of bytes that are written one after the other
 * @throws DiskError when the disk is full or the folder is not writable; the old file, if any, is untouched then
 */
export function writeFileAtomic(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const parts =
    typeof content === "string"
      ? [Buffer.from(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${counter++}${temporarySuffix}`);
  let file: number | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    file = openSync(temporary, "wx");
    writeFully(file, parts);
    fsyncSync(file);
    closeSync(file);
    file = undefined;
    renameSync(temporary, path);
  } catch (error) {
    discard(file, temporary);
    throw diskError(path, error);
  }
  syncFolder(folder);
}

function discard(file: number | undefined, temporary: string): void {
  try {
    if (file !== undefined) closeSync(file);
    rmSync(temporary, { force: true });
  } catch {
    // The failure that brought us here is the one to report.
  }
}

/** Makes a rename durable. Not every platform lets a folder be opened; there the rename is durable by itself. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows: folders cannot be flushed.
  }
}
