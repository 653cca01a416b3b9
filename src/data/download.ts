/**
 * Downloads of whole files. What has arrived is kept as `<name>.part`, so that a cut connection or Ctrl-C loses nothing:
 * the next try asks the server for the rest only. The file gets its name when its checksum is right, never before.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { writeFully } from "../support/atomic.js";
import { DataError, DiskError } from "../support/errors.js";

/** A file of the web that is known byte by byte. */
export interface RemoteFile {
  readonly url: string;
  /** Its length in bytes. */
  readonly size: number;
  readonly checksum: { readonly algorithm: "sha256" | "md5"; readonly digest: string };
}

export interface DownloadOptions {
  /** Called with the bytes that are there already and the bytes of the whole. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How often a connection that brought something, then broke, is taken up again. */
  readonly retries?: number;
  /** A connection that is silent for so long is given up. */
  readonly silentSeconds?: number;
}

/** The connection failed; what has arrived is kept. */
class ConnectionError extends Error {}

/**
 * Downloads `file` to `path`. A file that is there with the right checksum is left as it is.
 * @returns true when something was downloaded
 * @throws DataError when the server is not reached, or sent other bytes than expected
 */
export async function download(
  file: RemoteFile,
  path: string,
  options: DownloadOptions = {},
): Promise<boolean> {
  if (existsSync(path)) {
    if ((await digest(path, file.checksum.algorithm)) === file.checksum.digest) return false;
    throw new DataError(
      `file ${path}: it is not the file at ${file.url} (wrong ${file.checksum.algorithm}); delete it and try again`,
    );
  }
  const part = `${path}.part`;
  mkdirSync(dirname(path), { recursive: true });
  let left = options.retries ?? 4;
  while (sizeOf(part) !== file.size) {
    const before = sizeOf(part);
    try {
      await fetchRest(file, part, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ConnectionError)) throw error;
      if (sizeOf(part) <= before || left-- <= 0)
        throw new DataError(adviceWithoutNetwork(file, path, error.message), { cause: error });
    }
  }
  const got = await digest(part, file.checksum.algorithm);
  if (got !== file.checksum.digest) {
    rmSync(part);
    throw new DataError(
      `file ${file.url}: expected the ${file.checksum.algorithm} ${file.checksum.digest}, got ${got}; what was downloaded has been deleted, try again`,
    );
  }
  renameSync(part, path);
  return true;
}

/** What a user can do when the download cannot be done. */
function adviceWithoutNetwork({ url }: RemoteFile, path: string, reason: string): string {
  return `download ${url}: ${reason}. Run the same command again to go on where it stopped; without a network, fetch ${basename(path)} on another machine and put it into ${dirname(path)}`;
}

/** Asks for what is missing of `part` and appends it. */
async function fetchRest(
  file: RemoteFile,
  part: string,
  { onProgress, signal, silentSeconds = 30 }: DownloadOptions,
): Promise<void> {
  if (sizeOf(part) > file.size) rmSync(part);
  const start = sizeOf(part);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silentSeconds * 1000);
  const beat = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silentSeconds * 1000);
  };
  const stop = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  let out: number | undefined;
  try {
    // No compression, so that ranges count the bytes of the file.
    const headers = { "accept-encoding": "identity", ...(start > 0 ? { range: `bytes=${start}-` } : {}) };
    const response = await fetch(file.url, { headers, signal: stop });
    if (!response.ok || !response.body)
      throw new ConnectionError(`the server answered ${response.status} ${response.statusText}`.trim());
    const resumed =
      response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${start}-`);
    // A server that ignores the range, or answers with another one, begins anew.
    if (start > 0 && response.status === 206 && !resumed)
      throw new DataError(
        `download ${file.url}: expected bytes from ${start} on, got ${response.headers.get("content-range")}`,
      );
    out = openSync(part, resumed ? "a" : "w");
    let done = resumed ? start : 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      beat();
      done += chunk.byteLength;
      if (done > file.size) {
        closeSync(out);
        out = undefined;
        rmSync(part);
        throw new DataError(
          `download ${file.url}: expected ${file.size} bytes, got more; it is another file than jessl knows`,
        );
      }
      append(out, chunk, part);
      onProgress?.(done, file.size);
    }
    fsyncSync(out);
    if (done < file.size)
      throw new ConnectionError(`the connection ended after ${done} of ${file.size} bytes`);
  } catch (error) {
    if (error instanceof DataError || error instanceof DiskError || error instanceof ConnectionError)
      throw error;
    const reason = silence.signal.aborted ? `nothing came for ${silentSeconds} s` : reasonOf(error);
    throw new ConnectionError(reason, { cause: error });
  } finally {
    clearTimeout(timer);
    if (out !== undefined) closeSync(out);
  }
}

function append(out: number, chunk: Uint8Array, path: string): void {
  try {
    writeFully(out, [chunk]);
  } catch (error) {
    throw new DiskError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The innermost reason of a failed fetch, which itself says "fetch failed" only. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error
    ? reasonOf(cause) || cause.name
    : message || String((error as { code?: string }).code ?? error);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function digest(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
