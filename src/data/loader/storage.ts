/** Where the bytes of a source's images lie: in files of their own, or in a .beton file. */
import { readFileSync } from "node:fs";
import { DataError } from "../../support/errors.js";
import { GatherMemory } from "../beton/gather.js";
import { BetonFile } from "../beton/reader.js";
import type { RawPixels } from "../decode.js";
import type { ImageSize } from "../jpeg-size.js";
import type { OpenOptions, OpenSource } from "./open.js";
import type { SourceDescription } from "./source.js";

/** An image as it is stored, and its name for errors; `raw` is given where the bytes are pixels. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly raw?: RawPixels | undefined;
}

export interface Storage {
  stored(sample: number): Stored;
  /** Reads pixels that need nothing done to them to where they belong; says whether it could. */
  readPixels(sample: number, out: Uint8Array, start: number): boolean;
  readonly gathering?: Required<Pick<OpenSource, "allocate" | "gather">> | undefined;
  close(): void;
}

/** @throws DataError when a file cannot be opened */
export function openStorage(
  description: SourceDescription,
  shape: ImageSize,
  options: Pick<OpenOptions, "keep" | "batches">,
): Storage {
  return description.type === "files" ? openFiles(description) : openBeton(description, shape, options);
}

function openFiles({ files }: Extract<SourceDescription, { type: "files" }>): Storage {
  return {
    stored(sample) {
      const name = `file ${files[sample]}`;
      try {
        return { name, bytes: readFileSync(files[sample]!) };
      } catch (error) {
        throw new DataError(`${name}: ${(error as Error).message}`, { cause: error });
      }
    },
    readPixels: () => false,
    close() {},
  };
}

function openBeton(
  { path, image: field, channels }: Extract<SourceDescription, { type: "beton" }>,
  { height, width }: ImageSize,
  { keep = 0, batches }: OpenOptions,
): Storage {
  const file = new BetonFile(path);
  const placeOf = channels === 3 ? file.rawPlaces(field, height, width) : () => -1;
  const size = 3 * height * width;
  const gathering =
    file.length <= keep && batches && GatherMemory.fits(file.length, batches.samples, batches.bytes)
      ? new GatherMemory(file.length, batches.samples, batches.bytes)
      : undefined;
  if (file.length <= keep) file.keep(gathering?.file);
  return {
    gathering: gathering && {
      allocate: (bytes) => gathering.allocate(bytes),
      gather(samples, into) {
        try {
          return gathering.gather(samples, placeOf, size, into);
        } catch (error) {
          // Read one by one, the others of the batch are there, and this one is named.
          if (error instanceof DataError) return false;
          throw error;
        }
      },
    },
    stored(sample) {
      const image = file.image(field, sample);
      const name = `file ${path}: sample ${sample}: byte ${image.place}`;
      return { name, bytes: image.data, raw: image.mode === "raw" ? image : undefined };
    },
    readPixels(sample, out, start) {
      const place = placeOf(sample);
      if (place < 0) return false;
      file.readAt(place, size, out, start);
      return true;
    },
    close: () => file.close(),
  };
}
