/**
 * Images in parquet files as Hugging Face lays them out: a column of structs with the encoded image in `bytes`, a column
 * of class numbers, and the classes' names in the file's metadata. `train-00000-of-00002.parquet` belongs to the split
 * `train`.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { DataError, JesslError } from "../support/errors.js";
import type { ImageDataset } from "./dataset.js";
import { type DecodeOptions, decodeImages } from "./decode.js";

/** Which columns are read, and how images are decoded. */
export interface ParquetOptions extends Partial<DecodeOptions> {
  /** The column of images; by default `image` or `img`. */
  readonly image?: string | undefined;
  /** The column of class numbers; by default `label`, `labels` or `fine_label`. */
  readonly label?: string | undefined;
  /** Called with the number of images decoded and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The encoded images of parquet files. */
export interface ParquetImages {
  readonly encoded: readonly Uint8Array[];
  readonly labels: Int32Array;
  readonly classes: readonly string[];
}

/** The largest number of rows and classes that is believed. */
const largest = 1 << 28;

/**
 * Reads all images of a split, decoded.
 * @throws DataError naming the file, and the row where there is one
 */
export async function parquet(
  folder: string,
  split: "train" | "test",
  options: ParquetOptions = {},
): Promise<ImageDataset> {
  const paths = listParquet(folder, split);
  const parts: ParquetImages[] = [];
  for (const path of paths) parts.push(await readParquet(path, options));
  const encoded = parts.flatMap((part) => part.encoded.map((bytes, row) => ({ bytes, row })));
  const files = parts.flatMap((part, i) => part.encoded.map(() => paths[i]!));
  const channels = options.channels ?? 3;
  const decoded = await decodeImages(
    encoded.length,
    async (i) => ({ bytes: encoded[i]!.bytes, name: `file ${files[i]}: row ${encoded[i]!.row}` }),
    { channels, size: options.size },
    options.onProgress,
  );
  const labels = Int32Array.from(parts.flatMap((part) => [...part.labels]));
  return { name: "parquet", ...decoded, count: encoded.length, channels, labels, classes: parts[0]!.classes };
}

/** The parquet files of a split, in order. @throws DataError when there are none */
export function listParquet(folder: string, split: "train" | "test"): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new DataError(`folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const prefixes = split === "train" ? ["train"] : ["test", "val"];
  for (const prefix of prefixes) {
    const found = names.filter((name) => name.startsWith(prefix) && name.endsWith(".parquet")).sort();
    if (found.length > 0) return found.map((name) => join(folder, name));
  }
  throw new DataError(
    `folder ${folder}: expected ${prefixes.join("*.parquet or ")}*.parquet in it, found none`,
  );
}

/** One row: an encoded image and its class. */
export interface ParquetRow {
  readonly bytes: Uint8Array;
  readonly label: number;
}

/** What the metadata of a file say. */
interface Opened {
  readonly count: number;
  readonly classes: readonly string[] | undefined;
  /** The rows, of which no more than one group is held at a time. */
  rows(): AsyncGenerator<ParquetRow>;
}

/** Reads the encoded images and the labels of one file. @throws DataError when it is corrupt or has another layout */
export async function readParquet(
  path: string,
  columns: Pick<ParquetOptions, "image" | "label"> = {},
): Promise<ParquetImages> {
  return withFile(path, columns, async ({ classes, rows }) => {
    const encoded: Uint8Array[] = [];
    const labels: number[] = [];
    for await (const { bytes, label } of rows()) {
      encoded.push(bytes);
      labels.push(label);
    }
    const numbers = Array.from({ length: labels.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) =>
      String(i),
    );
    return { encoded, labels: Int32Array.from(labels), classes: classes ?? numbers };
  });
}

/** How many rows a file has. @throws DataError when it is corrupt or has another layout */
export async function countParquet(
  path: string,
  columns: Pick<ParquetOptions, "image" | "label"> = {},
): Promise<number> {
  return withFile(path, columns, async ({ count }) => count);
}

/** The rows of files, one after the other, for sets that do not fit into memory. @throws DataError as `readParquet` does */
export async function* parquetRows(
  paths: readonly string[],
  columns: Pick<ParquetOptions, "image" | "label"> = {},
): AsyncGenerator<ParquetRow & { readonly name: string }> {
  for (const path of paths) {
    const file = openFile(path);
    try {
      let row = 0;
      const { rows } = await open(positional(file), `file ${path}`, columns);
      for await (const each of rows()) yield { ...each, name: `file ${path}: row ${row++}` };
    } catch (error) {
      throw named(path, error);
    } finally {
      closeSync(file);
    }
  }
}

function named(path: string, error: unknown): unknown {
  if (error instanceof JesslError) return error;
  return new DataError(`file ${path}: expected parquet, got ${(error as Error).message}`, { cause: error });
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function withFile<T>(
  path: string,
  columns: Pick<ParquetOptions, "image" | "label">,
  use: (file: Opened) => Promise<T>,
): Promise<T> {
  const file = openFile(path);
  try {
    return await use(await open(positional(file), `file ${path}`, columns));
  } catch (error) {
    throw named(path, error);
  } finally {
    closeSync(file);
  }
}

async function open(
  file: AsyncBuffer,
  name: string,
  wanted: Pick<ParquetOptions, "image" | "label">,
): Promise<Opened> {
  const metadata = await parquetMetadataAsync(file);
  checkMetadata(metadata, file.byteLength, name);
  const known = [...new Set(leafPaths(metadata).map(([first]) => first!))];
  const image = column(known, wanted.image, ["image", "img"], "images", name);
  const label = column(known, wanted.label, ["label", "labels", "fine_label"], "labels", name);
  const classes = classNames(metadata, label);
  const count = Number(metadata.num_rows);
  const most = Math.min(largest, classes?.length ?? largest);
  async function* rows(): AsyncGenerator<ParquetRow> {
    let number = 0;
    let start = 0;
    for (const group of metadata.row_groups) {
      const end = start + Number(group.num_rows);
      const columns = [image, label];
      const part = { file, metadata, columns, rowStart: start, rowEnd: end, utf8: false };
      for (const row of await parquetReadObjects(part)) {
        const bytes = (row[image] as { bytes?: unknown } | null)?.bytes ?? row[image];
        if (!(bytes instanceof Uint8Array))
          throw new DataError(
            `${name}: row ${number}: ${image}: expected a struct with the encoded image in bytes, got ${typeof bytes}`,
          );
        const value = Number(row[label]);
        if (!Number.isInteger(value) || value < 0 || value >= most)
          throw new DataError(
            `${name}: row ${number}: ${label}: expected a class number${classes ? ` below ${classes.length}` : ""}, got ${String(row[label])}`,
          );
        number++;
        yield { bytes, label: value };
      }
      start = end;
    }
    if (number !== count || count === 0)
      throw new DataError(`${name}: expected ${count || "1 or more"} rows, got ${number}`);
  }
  return { count, classes, rows };
}

/** hyparquet believes what the metadata say; what they say must fit into the file first. */
function checkMetadata(metadata: FileMetaData, bytes: number, name: string): void {
  const { num_rows, row_groups } = metadata;
  const fail = (what: string): never => {
    throw new DataError(`${name}: expected ${what} within the file's ${bytes} bytes, got more`);
  };
  if (num_rows > BigInt(bytes) || num_rows > largest) fail("rows");
  // A column that is not where the schema has it would be read, but not waited for.
  const paths = leafPaths(metadata).map((path) => path.join("."));
  for (const { columns, num_rows: rows } of row_groups) {
    const found = columns.map(({ meta_data }) => meta_data?.path_in_schema.join("."));
    if (new Set(paths).size !== paths.length || String(found) !== String(paths))
      throw new DataError(`${name}: expected the columns ${paths.join(", ")}, got ${found.join(", ")}`);
    if (rows < 0n || rows > num_rows) fail("groups of rows");
    for (const { meta_data } of columns) {
      if (!meta_data) continue;
      const { dictionary_page_offset, data_page_offset, total_compressed_size, num_values } = meta_data;
      // A place that is not given reads as no number at all.
      const numbers: unknown[] = [
        data_page_offset,
        total_compressed_size,
        num_values,
        dictionary_page_offset ?? 0n,
      ];
      if (!numbers.every((number) => typeof number === "bigint" && number >= 0n && number <= BigInt(bytes)))
        fail("columns");
      if ((dictionary_page_offset || data_page_offset) + total_compressed_size > BigInt(bytes))
        fail("columns");
    }
  }
}

/** The paths of a schema's leaves, in its order, which is the order of the columns too. */
function leafPaths({ schema }: FileMetaData): string[][] {
  const leaves: string[][] = [];
  let i = 1;
  const walk = (path: readonly string[]): void => {
    const { name, num_children = 0 } = schema[i++]!;
    const here = [...path, name];
    if (num_children === 0) leaves.push(here);
    for (let child = 0; child < num_children && i < schema.length; child++) walk(here);
  };
  while (i < schema.length) walk([]);
  return leaves;
}

function column(
  known: readonly string[],
  wanted: string | undefined,
  usual: readonly string[],
  what: string,
  name: string,
): string {
  const found =
    wanted === undefined
      ? usual.find((candidate) => known.includes(candidate))
      : known.find((c) => c === wanted);
  if (found !== undefined) return found;
  throw new DataError(
    `${name}: expected a column ${wanted ?? usual.join(" or ")} of ${what}, got the columns ${known.join(", ")}`,
  );
}

/** The names of the classes that Hugging Face's libraries leave in the metadata. */
function classNames({ key_value_metadata }: FileMetaData, label: string): string[] | undefined {
  const text = key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (text === undefined) return undefined;
  try {
    const { info } = JSON.parse(text) as { info?: { features?: Record<string, { names?: unknown }> } };
    const names = info?.features?.[label]?.names;
    return Array.isArray(names) && names.every((entry) => typeof entry === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Reads at positions of an open file. */
function positional(file: number): AsyncBuffer {
  const byteLength = fstatSync(file).size;
  return {
    byteLength,
    // A promise even when it fails: a throw would leave the columns that are being read already to fail unheard.
    async slice(start, end = byteLength) {
      const [from, to] = [start < 0 ? start + byteLength : start, Math.min(end, byteLength)];
      if (!(from >= 0 && from <= to))
        throw new DataError(`expected a part of ${byteLength} bytes, got ${start} … ${end}`);
      const bytes = new Uint8Array(to - from);
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(file, bytes, done, bytes.length - done, from + done);
        if (count === 0) throw new DataError("expected more bytes, got the end of the file");
        done += count;
      }
      return bytes.buffer;
    },
  };
}
