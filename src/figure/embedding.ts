/**
 * Maps of a representation: features laid out in two dimensions by UMAP (McInnes et al. 2018, arXiv 1802.03426), with
 * the images themselves on hover; and in three for Plotly.
 */
import { UMAP } from "umap-js";
import type { HostTensor } from "../engine/host.js";
import { fold, key, uniform } from "../random/index.js";
import { formatShape, ShapeError } from "../support/errors.js";
import { type Figure, figure } from "./figure.js";
import { type ImageBatch, imageToUrl } from "./image.js";
import { categorical } from "./theme.js";

/** How features are laid out in two or three dimensions. */
export interface LayOutOptions {
  readonly dimensions?: 2 | 3;
  /** The same features and seed give the same map. */
  readonly seed?: number;
  readonly neighbours?: number;
  readonly minDistance?: number;
}

/** Random numbers one by one, as umap-js asks for them. */
function stream(seed: number): () => number {
  const block = 4096;
  let numbers = new Float32Array(0);
  let used = 0;
  let blocks = 0;
  return () => {
    if (used === numbers.length) {
      numbers = Float32Array.from(uniform(fold(key(seed), blocks++), block));
      used = 0;
    }
    return numbers[used++]!;
  };
}

/** UMAP coordinates of features [count, width]: an array of points. @throws ShapeError on other shapes or too few samples */
export function layOut(
  features: HostTensor,
  { dimensions = 2, seed = 1, neighbours = 15, minDistance = 0.1 }: LayOutOptions = {},
): number[][] {
  const [count, width] = features.shape;
  if (features.shape.length !== 2 || count! <= neighbours)
    throw new ShapeError(
      `features: expected [more than ${neighbours}, dimensions], got ${formatShape(features.shape)}`,
    );
  const rows = Array.from({ length: count! }, (_, i) =>
    Array.from(features.data.subarray(i * width!, (i + 1) * width!)),
  );
  const umap = new UMAP({
    nComponents: dimensions,
    nNeighbors: neighbours,
    minDist: minDistance,
    random: stream(seed),
  });
  return umap.fit(rows);
}

/** What an embedding map shows. */
export interface EmbeddingOptions {
  readonly title: string;
  readonly caption: string;
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  /** Shown on hover. */
  readonly images?: ImageBatch;
  readonly size?: number;
}

/** A point for each sample, coloured by class. @param points [x, y] of each sample, from `layOut` */
export async function embeddingMap(
  points: readonly (readonly number[])[],
  { title, caption, labels, classes, images, size = 440 }: EmbeddingOptions,
): Promise<Figure> {
  const values = await Promise.all(
    points.map(async ([x, y], i) => ({
      x,
      y,
      class: classes[labels[i]!] ?? String(labels[i]),
      ...(images && { image: await imageToUrl(images, i, 2) }),
    })),
  );
  const hidden = { axis: null, scale: { zero: false } };
  return figure(title, caption, {
    width: size,
    height: size,
    data: { values },
    mark: { type: "point", filled: true, size: 24, opacity: 0.8 },
    encoding: {
      x: { field: "x", type: "quantitative", ...hidden },
      y: { field: "y", type: "quantitative", ...hidden },
      color: {
        field: "class",
        type: "nominal",
        title: null,
        sort: null,
        // More classes than colours that can be told apart: the shape helps.
        scale: { range: [...categorical, "#F0E442", "#000000", "#44AA99"] },
      },
      shape: { field: "class", type: "nominal", title: null, sort: null },
      tooltip: [{ field: "class" }, ...(images ? [{ field: "image" }] : [])],
    },
  });
}

/** A figure that Plotly shows. */
export interface PlotlyFigure {
  readonly kind: "plotly";
  readonly title: string;
  readonly caption: string;
  readonly data: readonly object[];
  readonly layout: object;
}

/** A turning map in three dimensions. @param points [x, y, z] of each sample, from `layOut` */
export function embeddingMap3d(
  points: readonly (readonly number[])[],
  { title, caption, labels, classes }: Omit<EmbeddingOptions, "images" | "size">,
): PlotlyFigure {
  const data = classes.map((name, label) => {
    const own = points.filter((_, i) => labels[i] === label);
    const [x, y, z] = [0, 1, 2].map((axis) => own.map((point) => point[axis]));
    const marker = { size: 3, color: categorical[label % categorical.length] };
    return { type: "scatter3d", mode: "markers", name, x, y, z, marker };
  });
  const axis = { showticklabels: false, title: { text: "" } };
  const layout = {
    title: { text: title, subtitle: { text: caption } },
    scene: { xaxis: axis, yaxis: axis, zaxis: axis },
    height: 520,
    font: { family: "IBM Plex Sans, sans-serif" },
  };
  return { kind: "plotly", title, caption, data, layout };
}
