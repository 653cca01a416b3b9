/**
 * JPEG by libjpeg-turbo, called directly: the part that is wanted is decoded and little more, straight into the memory
 * where it is resized. The cosine transform is the exact one, so that pixels are the same bits as sharp's, and nothing but
 * the time depends on who decodes. Two optional packages bring it: `turboPackages`.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Box } from "../augment/box.js";
import { ConfigError } from "../support/errors.js";
import type { PartStatus } from "../support/parts.js";
import type { ImageSize } from "./jpeg-size.js";

/** The foreign-function interface, and the library itself. */
export const turboPackages = ["koffi", "@julusian/jpeg-turbo"] as const;
/** What `npm i` takes to bring them. */
export const turboInstall = "koffi@3.3.4 @julusian/jpeg-turbo@2.3.0";

/**
 * Decodes a part of a JPEG file, at least the one that is wanted. False when it is one for sharp to judge.
 * @param size what `jpegSize` says
 * @param memory gives memory for the part that is decoded: uint8 [height, width, 3]
 */
export type JpegDecoder = (
  bytes: Uint8Array,
  size: ImageSize,
  wanted: Box,
  memory: (part: Box) => Uint8Array,
) => boolean;

/** What is used of koffi. */
interface Koffi {
  load(path: string): { func(definition: string): (...args: unknown[]) => unknown };
  struct(name: string, members: Readonly<Record<string, string>>): unknown;
  opaque(name: string): unknown;
}

/** Functions of turbojpeg.h, version 3; those that can fail give 0, or −1 for an error or a warning. */
interface Library {
  init(kind: number): unknown;
  destroy(handle: unknown): void;
  set(handle: unknown, parameter: number, value: number): number;
  get(handle: unknown, parameter: number): number;
  header(handle: unknown, jpeg: Uint8Array, bytes: number): number;
  crop(handle: unknown, region: { x: number; y: number; w: number; h: number }): number;
  decompress(
    handle: unknown,
    jpeg: Uint8Array,
    bytes: number,
    out: Uint8Array,
    pitch: number,
    format: number,
  ): number;
}

const decompressor = 1;
const rgb = 0;
/** Numbers of parameters. */
const [stopOnWarning, jpegWidth, jpegHeight, scanLimit] = [0, 5, 6, 13];
/** More scans than any encoder makes: a small file of many would take minutes. */
const mostScans = 500;

let opened: Library | Error | undefined;
/** One a thread: whoever decodes is done when the call returns. */
let handle: unknown;

function open(): Library | Error {
  try {
    opened ??= load();
  } catch (error) {
    opened = error as Error;
  }
  return opened;
}

function load(): Library {
  const require = createRequire(import.meta.url);
  const koffi = require(turboPackages[0]) as Koffi;
  const folder = join(dirname(require.resolve(turboPackages[1])), "prebuilds");
  // Of glibc and of musl, of which the one that is not the system's does not open.
  const names = ["", "-musl"].map((libc) => `jpeg-turbo-${process.platform}-${process.arch}${libc}`);
  const paths = names
    .map((name) => join(folder, name, "libturbojpeg.so.0"))
    .filter((path) => existsSync(path));
  if (paths.length === 0) throw new Error(`no library for ${process.platform} ${process.arch}`);
  koffi.opaque("tjhandle");
  koffi.struct("tjregion", { x: "int", y: "int", w: "int", h: "int" });
  const library = paths.reduce<ReturnType<Koffi["load"]> | undefined>((found, path, i) => {
    try {
      return found ?? koffi.load(path);
    } catch (error) {
      if (i === paths.length - 1) throw error;
      return undefined;
    }
  }, undefined)!;
  return {
    init: library.func("tjhandle *tj3Init(int)"),
    destroy: library.func("void tj3Destroy(tjhandle *)"),
    set: library.func("int tj3Set(tjhandle *, int, int)"),
    get: library.func("int tj3Get(tjhandle *, int)"),
    header: library.func("int tj3DecompressHeader(tjhandle *, const uint8_t *, size_t)"),
    crop: library.func("int tj3SetCroppingRegion(tjhandle *, tjregion)"),
    decompress: library.func("int tj3Decompress8(tjhandle *, const uint8_t *, size_t, uint8_t *, int, int)"),
  } as Library;
}

/** Whether the packages are there, with a library for this system. */
export function turboOpens(): boolean {
  return !(open() instanceof Error);
}

/** Whether it is here, for `jessl doctor`. */
export function turboStatus(): PartStatus {
  return {
    name: "jpeg",
    here: turboOpens(),
    use: "libjpeg-turbo: JPEG files decoded in a third of sharp's time, to the same bits (Linux)",
    how: `npm i ${turboInstall}`,
  };
}

/** @throws ConfigError when the packages are not there, or have no library for this system */
export function turboDecoder(): JpegDecoder {
  const library = open();
  if (library instanceof Error)
    throw new ConfigError(
      `decoder turbo: expected ${turboPackages.join(" and ")} (npm i ${turboInstall}), got: ${library.message}`,
      { cause: library },
    );
  return (bytes, size, wanted, memory) => {
    handle ??= newHandle(library);
    if (decode(library, handle, bytes, size, wanted, memory)) return true;
    // It may be left in the middle of a corrupt header, and then refuses the next image.
    library.destroy(handle);
    handle = undefined;
    return false;
  };
}

function newHandle(library: Library): unknown {
  const made = library.init(decompressor);
  library.set(made, stopOnWarning, 1);
  library.set(made, scanLimit, mostScans);
  return made;
}

/** Where a region begins is a multiple of this: pixels that share samples of colour come together. */
const block = 16;

function decode(
  library: Library,
  handle: unknown,
  bytes: Uint8Array,
  { height, width }: ImageSize,
  wanted: Box,
  memory: (part: Box) => Uint8Array,
): boolean {
  if (library.header(handle, bytes, bytes.length) !== 0) return false;
  if (library.get(handle, jpegWidth) !== width || library.get(handle, jpegHeight) !== height) return false;
  // Colours are interpolated between columns, so that those at an edge of the region are not as they are in the image.
  const left = Math.max(0, wanted.left - 1) & -block;
  const right = Math.min(width, wanted.left + wanted.width + 2);
  const part = { top: wanted.top, left, height: wanted.height, width: right - left };
  if (library.crop(handle, { x: left, y: part.top, w: part.width, h: part.height }) !== 0) return false;
  return library.decompress(handle, bytes, bytes.length, memory(part), 0, rgb) === 0;
}
