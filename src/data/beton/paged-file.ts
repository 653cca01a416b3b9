/**
 * A .beton file while it is written: pages, filled one after the other, the table of what lies where, and what stands
 * before them. It gets its name when it is whole.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { diskError, temporarySuffix } from "../../support/atomic.js";
import { DataError } from "../../support/errors.js";
import { allocationBytes } from "./layout.js";

/** Pages from `dataStart` on. @throws DiskError naming the file when the disk does not take what is written */
export class PagedFile {
  readonly #temporary: string;
  readonly #page: Uint8Array;
  readonly #table: { sample: number; place: number; size: number }[] = [];
  #file: number | undefined;
  #pageStart: number;
  #used = 0;

  constructor(
    readonly path: string,
    dataStart: number,
    pageSize: number,
  ) {
    this.#temporary = `${path}.${process.pid}${temporarySuffix}`;
    this.#page = new Uint8Array(pageSize);
    this.#pageStart = dataStart;
    this.#onDisk(() => {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openSync(this.#temporary, "w");
    });
  }

  /** Lays down the regions of one sample, in one page, and returns their places. */
  append(sample: number, regions: readonly Uint8Array[]): number[] {
    // An empty region takes a byte, so that no two regions share a place.
    const sizes = regions.map((data) => Math.max(1, data.length));
    const size = sizes.reduce((a, b) => a + b, 0);
    if (size > this.#page.length)
      throw new DataError(
        `sample ${sample}: expected data that fit into a page of ${this.#page.length} bytes, got ${size}; give a larger page size`,
      );
    if (this.#used + size > this.#page.length) this.#flush();
    return regions.map((data, i) => {
      const place = this.#pageStart + this.#used;
      this.#page.set(data, this.#used);
      this.#used += sizes[i]!;
      this.#table.push({ sample, place, size: data.length });
      return place;
    });
  }

  #flush(): void {
    this.#write(this.#page, this.#pageStart);
    this.#page.fill(0);
    this.#pageStart += this.#page.length;
    this.#used = 0;
  }

  /** Writes what is left and the table, and returns the table's place. */
  finish(): number {
    if (this.#used > 0) this.#flush();
    const table = Buffer.alloc(this.#table.length * allocationBytes);
    this.#table.forEach(({ sample, place, size }, i) => {
      table.writeBigUInt64LE(BigInt(sample), i * allocationBytes);
      table.writeBigUInt64LE(BigInt(place), i * allocationBytes + 8);
      table.writeBigUInt64LE(BigInt(size), i * allocationBytes + 16);
    });
    this.#write(table, this.#pageStart);
    return this.#pageStart;
  }

  /** Writes what stands before the pages, and gives the file its name. */
  commit(start: readonly Uint8Array[]): void {
    let place = 0;
    for (const bytes of start) {
      this.#write(bytes, place);
      place += bytes.length;
    }
    this.#onDisk(() => {
      fsyncSync(this.#file!);
      this.#close();
      renameSync(this.#temporary, this.path);
    });
  }

  /** Takes away what was written. */
  discard(): void {
    try {
      this.#close();
      rmSync(this.#temporary, { force: true });
    } catch {
      // The failure that brought us here is the one to report.
    }
  }

  #close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
  }

  #write(bytes: Uint8Array, start: number): void {
    this.#onDisk(() => {
      let done = 0;
      while (done < bytes.length)
        done += writeSync(this.#file!, bytes, done, bytes.length - done, start + done);
    });
  }

  #onDisk(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw diskError(this.path, error);
    }
  }
}
