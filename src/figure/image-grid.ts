/**
 * Images in rows and columns: the views of some images, or a query and its nearest neighbours in each row.
 */
import { ShapeError } from "../support/errors.js";
import { type Figure, figure } from "./figure.js";
import { type ImageBatch, imageToUrl } from "./image.js";

/** One image of a grid. */
export interface GridCell {
  readonly batch: ImageBatch;
  /** Which image of the batch. */
  readonly index: number;
  /** A few words below the image. */
  readonly label?: string;
  /** Draws a frame: `right` and `wrong` in the colours of a neighbour of the same and of another class. */
  readonly frame?: "right" | "wrong";
}

/** How a grid of images is laid out. */
export interface GridOptions {
  readonly title: string;
  readonly caption: string;
  /** What stands above the columns. */
  readonly columns?: readonly string[];
  /** What stands beside the rows. */
  readonly rows?: readonly string[];
  /** Side of a cell. */
  readonly cellSize?: number;
}

/** A grid of images, row by row. @throws ShapeError when rows or columns are not as many as their titles */
export async function imageGrid(
  cells: readonly (readonly GridCell[])[],
  options: GridOptions,
): Promise<Figure> {
  const { title, caption, cellSize = 72 } = options;
  const width = Math.max(...cells.map((row) => row.length));
  const rows = options.rows ?? cells.map((_, i) => String(i + 1));
  const columns = options.columns ?? Array.from({ length: width }, (_, i) => String(i + 1));
  if (rows.length !== cells.length)
    throw new ShapeError(`rows: expected ${cells.length} titles, got ${rows.length}`);
  if (columns.length < width)
    throw new ShapeError(`columns: expected ${width} titles, got ${columns.length}`);
  const hasLabels = cells.some((row) => row.some(({ label }) => label !== undefined));
  const values = await Promise.all(
    cells.flatMap((row, y) =>
      row.map(async ({ batch, index, label = "", frame = "none" }, x) => ({
        x,
        y,
        label,
        frame,
        url: await imageToUrl(batch, index, Math.max(1, Math.floor((2 * cellSize) / batch.width))),
      })),
    ),
  );
  const side = cellSize - 8;
  const pitch = cellSize + (hasLabels ? 16 : 0);
  const names = (list: readonly string[]): string => `${JSON.stringify(list)}[datum.value]`;
  const axis = (list: readonly string[], shown: boolean, orient: string) =>
    shown
      ? {
          orient,
          labelExpr: names(list),
          labelAngle: 0,
          ticks: false,
          domain: false,
          grid: false,
          labelLimit: 240,
          title: null,
        }
      : null;
  const position = {
    x: { field: "x", type: "ordinal", axis: axis(columns, options.columns !== undefined, "top") },
    y: { field: "y", type: "ordinal", axis: axis(rows, options.rows !== undefined, "left") },
  };
  const frameScale = { domain: ["right", "wrong", "none"], range: ["#009E73", "#D55E00", "transparent"] };
  const lift = hasLabels ? -8 : 0;
  return figure(title, caption, {
    width: width * cellSize,
    height: cells.length * pitch,
    data: { values },
    encoding: position,
    layer: [
      {
        mark: { type: "square", filled: false, size: (side + 3) ** 2, strokeWidth: 3, yOffset: lift },
        encoding: { stroke: { field: "frame", type: "nominal", scale: frameScale, legend: null } },
      },
      {
        mark: { type: "image", width: side, height: side, yOffset: lift },
        encoding: { url: { field: "url" } },
      },
      ...(hasLabels
        ? [
            {
              mark: { type: "text", fontSize: 10, yOffset: side / 2 + 2, limit: cellSize },
              encoding: { text: { field: "label" } },
            },
          ]
        : []),
    ],
  });
}
