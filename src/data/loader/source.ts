/**
 * Where the loader's images come from. A source is opened from a plain description, so that every decode worker can open
 * its own.
 */
import { DataError } from "../../support/errors.js";
import { BetonFile } from "../beton/reader.js";
import { listImageFolder } from "../image-folder.js";

/** How the images of a source are decoded. */
export interface SourceShape {
  readonly channels: 1 | 3;
  /** Images become squares of this side, unless all have one size. */
  readonly size?: number | undefined;
  readonly decoder?: Decoder | undefined;
}

/**
 * What decodes JPEG files: sharp, or libjpeg-turbo, which is faster and wants two optional packages (turbo.ts). `auto`, the
 * default, takes the faster one that is there, where pixels are the same bits by either: for crops, and for images that
 * keep their size. Turbo is for images of 3 channels.
 */
export type Decoder = "auto" | "sharp" | "turbo";

/** A source, in words that can be sent to a worker. */
export type SourceDescription =
  | (SourceShape & { readonly type: "beton"; readonly path: string; readonly image: string })
  | (SourceShape & { readonly type: "files"; readonly files: readonly string[] });

/** A set of images that are decoded when they are wanted. */
export interface ImageSource {
  readonly description: SourceDescription;
  readonly name: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** The page of the file in which a sample lies; neighbours share one. */
  pageOf(sample: number): number;
}

/** Which fields are read, and how images are decoded. */
export interface BetonSourceOptions {
  /** The field of images; by default the first of its type. */
  readonly image?: string | undefined;
  /** The field of class numbers; by default the first whole numbers. */
  readonly label?: string | undefined;
  readonly size?: number | undefined;
  readonly grey?: boolean | undefined;
  readonly decoder?: Decoder | undefined;
}

/** The images and the classes of a .beton file. @throws DataError when it has no such fields, or images of several sizes without `size` */
export function betonSource(
  path: string,
  { image, label, size, grey = false, decoder }: BetonSourceOptions = {},
): ImageSource {
  using file = new BetonFile(path);
  const first = (type: string): string | undefined =>
    Object.keys(file.fields).find((name) => file.fields[name]!.type === type);
  const imageField = image ?? first("rgb");
  const labelField = label ?? first("int");
  if (imageField === undefined || labelField === undefined)
    throw new DataError(
      `file ${path}: expected a field of images and one of whole numbers, got the fields ${Object.keys(file.fields).join(", ")}`,
    );
  if (file.count === 0) throw new DataError(`file ${path}: expected samples, got none`);
  const { height, width } =
    size === undefined ? file.imageSize(imageField, 0) : { height: size, width: size };
  const labels = new Int32Array(file.count);
  const pages = new Float64Array(file.count);
  for (let i = 0; i < file.count; i++) {
    const found = file.imageSize(imageField, i);
    if (size === undefined && (found.height !== height || found.width !== width))
      throw new DataError(
        `file ${path}: sample ${i}: expected ${width} × ${height} pixels as the first image has, got ${found.width} × ${found.height}; give a size to resize all`,
      );
    const value = file.int(labelField, i);
    if (value < 0 || value >= mostClasses)
      throw new DataError(
        `file ${path}: sample ${i}: field ${labelField}: expected a class number, got ${value}`,
      );
    labels[i] = value;
    pages[i] = file.pageOf(imageField, i);
  }
  const classCount = labels.reduce((a, b) => Math.max(a, b), 0) + 1;
  const channels = grey ? 1 : 3;
  return {
    description: { type: "beton", path, image: imageField, channels, size, decoder },
    name: "beton",
    count: file.count,
    height,
    width,
    channels,
    labels,
    classes: Array.from({ length: classCount }, (_, i) => String(i)),
    pageOf: (sample) => pages[sample]!,
  };
}

const mostClasses = 1 << 24;
/** Files of a folder are taken for pages of so many. */
const filesPerPage = 64;

/** The images of a folder with one folder a class, as squares of `size` pixels. */
export function imageFolderSource(
  root: string,
  split: "train" | "test",
  {
    size,
    grey = false,
    decoder,
  }: { readonly size: number; readonly grey?: boolean | undefined; readonly decoder?: Decoder | undefined },
): ImageSource {
  const { folder, files, labels, classes } = listImageFolder(root, split);
  const channels = grey ? 1 : 3;
  return {
    description: { type: "files", files: files.map((file) => `${folder}/${file}`), channels, size, decoder },
    name: "image-folder",
    count: files.length,
    height: size,
    width: size,
    channels,
    labels,
    classes,
    pageOf: (sample) => Math.floor(sample / filesPerPage),
  };
}
