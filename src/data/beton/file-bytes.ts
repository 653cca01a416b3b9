/** Bytes of an open .beton file, read by position, or from memory once all of it is held there. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DataError } from "../../support/errors.js";

/** Where in a file something is wrong. */
export interface Where {
  readonly field?: string | undefined;
  readonly sample?: number | undefined;
  /** In bytes. */
  readonly place?: number | undefined;
}

export class FileBytes {
  /** Of the file. */
  readonly length: number;
  readonly #file: number;
  #memory: Uint8Array | undefined;

  /** @throws DataError when there is no such file */
  constructor(readonly path: string) {
    try {
      this.#file = openSync(path, "r");
    } catch (error) {
      throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
    }
    this.length = fstatSync(this.#file).size;
  }

  /** Reads all of the file into memory of its length; what is read later comes from there. */
  keep(memory: Uint8Array): void {
    this.fill(memory, 0, this.length, 0, "the file");
    this.#memory = memory;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** @param what they are, for the error @throws DataError when the file is shorter */
  read(start: number, length: number, what: string, sample?: number): Buffer {
    if (start + length > this.length)
      throw this.error(`expected ${length} bytes of ${what} at byte ${start}, got a file of ${this.length}`);
    const bytes = Buffer.allocUnsafe(length);
    this.fill(bytes, 0, length, start, what, sample);
    return bytes;
  }

  /** Reads `length` bytes from `start` on to `out` from `at` on. */
  fill(out: Uint8Array, at: number, length: number, start: number, what: string, sample?: number): void {
    if (this.#memory) {
      out.set(this.#memory.subarray(start, start + length), at);
      return;
    }
    let done = 0;
    while (done < length) {
      const count = readSync(this.#file, out, at + done, length - done, start + done);
      if (count === 0)
        throw this.error(`expected ${length} bytes of ${what}, got the end of the file`, {
          sample,
          place: start,
        });
      done += count;
    }
  }

  error(message: string, { field, sample, place }: Where = {}, cause?: unknown): DataError {
    const where = `${sample === undefined ? "" : `sample ${sample}: `}${field === undefined ? "" : `field ${field}: `}${place === undefined ? "" : `byte ${place}: `}`;
    return new DataError(`file ${this.path}: ${where}${message}`, { cause });
  }
}
