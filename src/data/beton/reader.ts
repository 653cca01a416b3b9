/**
 * Reading .beton files, by positions: what is asked for is read, and nothing else; the operating system keeps pages that
 * are read often in memory. Every place and size in the file is checked before it is used.
 */
import { DataError } from "../../support/errors.js";
import { type BetonContents, readContents } from "./contents.js";
import { FileBytes } from "./file-bytes.js";
import { arrayBytes, type BetonField, type BetonFields, imageModes } from "./layout.js";
import { uint64 } from "./regions.js";

/** An image as it is stored. */
export interface StoredImage {
  readonly mode: keyof typeof imageModes;
  readonly width: number;
  readonly height: number;
  /** Where it lies in the file, in bytes. */
  readonly place: number;
  /** A JPEG file, or [height, width, 3] pixels. */
  readonly data: Uint8Array;
}

/** An open .beton file. */
export class BetonFile {
  readonly fields: BetonFields;
  /** Samples. */
  readonly count: number;
  readonly pageSize: number;
  readonly #bytes: FileBytes;
  readonly #contents: BetonContents;

  /** Opens a file. @throws DataError when it is missing, short, corrupt or of another version */
  constructor(readonly path: string) {
    this.#bytes = new FileBytes(path);
    try {
      this.#contents = readContents(this.#bytes);
    } catch (error) {
      this.#bytes.close();
      if (!(error instanceof DataError) || error.message.startsWith("file ")) throw error;
      throw this.#error(error.message);
    }
    ({ fields: this.fields, count: this.count, pageSize: this.pageSize } = this.#contents);
  }

  /** The file's length in bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Reads the whole file into memory, its own or memory of the file's length: images then cost no system call each. */
  keep(memory: Uint8Array = new Uint8Array(this.length)): void {
    this.#bytes.keep(memory);
  }

  /** Closes the file; nothing can be read afterwards. */
  close(): void {
    this.#bytes.close();
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The value of a `float` field. */
  float(field: string, sample: number): number {
    return this.#contents.records.readDoubleLE(this.#place(field, sample, "float"));
  }

  /** The value of an `int` field. @throws DataError when it is beyond ±(2⁵³ − 1); see {@link bigint} */
  int(field: string, sample: number): number {
    const value = this.bigint(field, sample);
    if (!Number.isSafeInteger(Number(value)))
      throw this.#error(`expected a number within ±(2⁵³ − 1), got ${value}`, field, sample);
    return Number(value);
  }

  /** The value of an `int` field, however large. */
  bigint(field: string, sample: number): bigint {
    return this.#contents.records.readBigInt64LE(this.#place(field, sample, "int"));
  }

  /** The value of an `rgb` field, as it is stored. */
  image(field: string, sample: number): StoredImage {
    const { mode, width, height, place, size } = this.#imagePlace(field, sample);
    return { mode, width, height, place, data: this.#region(place, size, field, sample) };
  }

  /**
   * A function that gives the places of raw images of one size: −1 where the image is a JPEG file, or has another size.
   * It remembers them, so that a sample that is read again costs a copy and little else.
   */
  rawPlaces(field: string, height: number, width: number): (sample: number) => number {
    // 0 is not known yet, since the header lies there.
    const places = new Float64Array(this.count);
    return (sample) => {
      const known = places[sample];
      if (known) return known;
      const { mode, place, size, ...image } = this.#imagePlace(field, sample);
      const fits = mode === "raw" && image.height === height && image.width === width;
      if (fits) this.#checkRegion(place, size, field, sample);
      places[sample] = fits ? place : -1;
      return places[sample]!;
    };
  }

  /** Reads bytes of the file to `out` from `start` on. */
  readAt(place: number, length: number, out: Uint8Array, start: number): void {
    this.#bytes.fill(out, start, length, place, "pixels");
  }

  #imagePlace(field: string, sample: number) {
    const at = this.#place(field, sample, "rgb");
    const id = this.#contents.records[at]!;
    const width = this.#contents.records.readUInt16LE(at + 1);
    const height = this.#contents.records.readUInt16LE(at + 3);
    const mode: StoredImage["mode"] | undefined =
      id === imageModes.jpg ? "jpg" : id === imageModes.raw ? "raw" : undefined;
    if (mode === undefined)
      throw this.#error(`expected a JPEG image (0) or a raw one (1), got ${id}`, field, sample);
    const place = uint64(this.#contents.records, at + 5);
    const size = this.#sizeAt(place, field, sample);
    if (mode === "raw" && size !== width * height * 3)
      throw this.#error(
        `expected ${width * height * 3} bytes for ${width} × ${height} pixels, got ${size}`,
        field,
        sample,
        place,
      );
    return { mode, width, height, place, size };
  }

  /** Width and height of an image, without reading it. */
  imageSize(field: string, sample: number): { width: number; height: number } {
    const at = this.#place(field, sample, "rgb");
    return {
      width: this.#contents.records.readUInt16LE(at + 1),
      height: this.#contents.records.readUInt16LE(at + 3),
    };
  }

  /** The pages that a sample's image lies in, by number. */
  pageOf(field: string, sample: number): number {
    return Math.floor(uint64(this.#contents.records, this.#place(field, sample, "rgb") + 5) / this.pageSize);
  }

  /** The value of a `bytes` field. */
  bytes(field: string, sample: number): Uint8Array {
    return this.#sized(field, sample, "bytes");
  }

  /** The value of a `json` field. @throws DataError when it is no JSON */
  json(field: string, sample: number): unknown {
    const bytes = this.#sized(field, sample, "json");
    const end = bytes.indexOf(0);
    const text = bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#error(`expected JSON, got ${text.slice(0, 40)}`, field, sample, undefined, error);
    }
  }

  /** The bytes of an `ndarray` field, row-major, elements of the field's dtype. */
  array(field: string, sample: number): Uint8Array {
    const place = uint64(this.#contents.records, this.#place(field, sample, "ndarray"));
    const expected = arrayBytes(this.fields[field] as Extract<BetonField, { type: "ndarray" }>);
    const size = this.#sizeAt(place, field, sample);
    if (size !== expected) throw this.#error(`expected ${expected} bytes, got ${size}`, field, sample, place);
    return this.#region(place, size, field, sample);
  }

  #sized(field: string, sample: number, type: "bytes" | "json"): Buffer {
    const at = this.#place(field, sample, type);
    const [place, size] = [uint64(this.#contents.records, at), uint64(this.#contents.records, at + 8)];
    return this.#region(place, size, field, sample);
  }

  #region(place: number, size: number, field: string, sample: number): Buffer {
    this.#checkRegion(place, size, field, sample);
    return this.#bytes.read(place, size, field, sample);
  }

  #checkRegion(place: number, size: number, field: string, sample: number): void {
    if (size > this.pageSize)
      throw this.#error(
        `expected a region within a page of ${this.pageSize} bytes, got ${size}`,
        field,
        sample,
        place,
      );
    if (!(place + size <= this.length))
      throw this.#error(`expected ${size} bytes, got the end of the file`, field, sample, place);
  }

  /** Where a field of a sample lies in the records. */
  #place(name: string, sample: number, type: BetonField["type"]): number {
    const field = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
    if (field?.type !== type)
      throw this.#error(
        `expected a field ${name} of type ${type}, got ${field?.type ?? `the fields ${Object.keys(this.fields).join(", ")}`}`,
      );
    if (!(Number.isInteger(sample) && sample >= 0 && sample < this.count))
      throw this.#error(`expected a sample below ${this.count}, got ${sample}`);
    return sample * this.#contents.recordSize + this.#contents.offsets.get(name)!;
  }

  #sizeAt(place: number, field: string, sample: number): number {
    try {
      return this.#contents.regions.sizeAt(place);
    } catch (error) {
      throw this.#error((error as Error).message, field, sample, place);
    }
  }

  #error(message: string, field?: string, sample?: number, place?: number, cause?: unknown): DataError {
    return this.#bytes.error(message, { field, sample, place }, cause);
  }
}
