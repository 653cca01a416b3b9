/**
 * How the cost of a training step grows with the batch, the width and the depth of a ConvNet: our steps and PyTorch's in
 * turns, one figure each. The points lie in scaling.json beside the figures.
 */
import { dirname, join } from "node:path";
import { type Figure, figure } from "../src/figure/figure.js";
import { renderSvg } from "../src/figure/render.js";
import { writeFileAtomic } from "../src/support/atomic.js";
import { type MeasureOptions, measure } from "./measure.js";
import { resultsPath } from "./results.js";
import type { Peer } from "./sides.js";
import type { Work } from "./works.js";

export interface Axis {
  readonly name: "batch" | "width" | "depth";
  readonly title: string;
  readonly values: readonly number[];
  work(value: number): Work;
}

function convnetWork(
  name: string,
  batch: number,
  widths: readonly number[],
  strides: readonly number[],
): Work {
  return {
    name,
    title: name,
    task: "train",
    images: [2 * batch, 32, 32, 3],
    encoder: { name: "convnet", widths, strides },
    projector: "256-64",
  };
}

const strides = [1, 2, 1, 2, 1];

export const axes: readonly Axis[] = [
  {
    name: "batch",
    title: "images a step, each in two views",
    values: [8, 16, 32, 64, 128, 256, 512, 1024],
    work: (batch) => convnetWork(`batch ${batch}`, batch, [32, 64, 64, 128, 128], strides),
  },
  {
    name: "width",
    title: "channels of the first block; 64 images a step",
    values: [8, 16, 32, 64],
    work: (width) =>
      convnetWork(
        `width ${width}`,
        64,
        [1, 2, 2, 4, 4].map((factor) => factor * width),
        strides,
      ),
  },
  {
    name: "depth",
    title: "blocks of 64 channels at a stride of 2, 2, 1, 1, …; 64 images a step",
    values: [2, 4, 8, 16],
    work: (depth) => {
      const blocks = Array.from({ length: depth }, (_, i) => i);
      return convnetWork(
        `depth ${depth}`,
        64,
        blocks.map(() => 64),
        blocks.map((i) => (i < 2 ? 2 : 1)),
      );
    },
  },
];

export interface Point {
  readonly axis: Axis["name"];
  readonly value: number;
  readonly side: string;
  readonly ms: number;
  readonly gflops: number;
  readonly date: string;
  readonly cpu: string;
}

/** The step time of each side over one axis, both scales logarithmic: a straight line is a power law. */
export function scalingFigure(axis: Axis, points: readonly Point[]): Figure {
  const own = points.filter((point) => point.axis === axis.name);
  const [first] = own;
  const caption = `Milliseconds of a training step (forward, NT-Xent, backward, SGD) of a ConvNet on 32 × 32 × 3 images; medians of alternating rounds. ${first?.cpu ?? ""}, ${first?.date.slice(0, 10) ?? ""}.`;
  return figure(`Time of a step by ${axis.name}`, caption, {
    width: 420,
    height: 260,
    data: { values: own },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "value",
        type: "quantitative",
        title: axis.title,
        scale: { type: "log", base: 2 },
        axis: { values: axis.values },
      },
      y: { field: "ms", type: "quantitative", title: "milliseconds a step", scale: { type: "log" } },
      color: { field: "side", type: "nominal", title: null, sort: null, legend: { orient: "top" } },
    },
  });
}

/** Measures all axes, saves scaling.json after each point, and draws the figures. */
export async function runScaling(
  peers: readonly Peer[],
  options: MeasureOptions & { readonly signal?: AbortSignal; readonly out?: string },
): Promise<Point[]> {
  const folder = dirname(options.out ?? resultsPath);
  const points: Point[] = [];
  for (const axis of axes) {
    for (const value of axis.values) {
      if (options.signal?.aborted) return points;
      options.log(`${axis.name} ${value}`);
      const { rows, failed } = await measure(axis.work(value), peers, options);
      for (const { peer, reason } of failed) options.log(`  ${peer} did not run: ${reason}`);
      const [row] = rows;
      if (!row) continue;
      const { date, cpu, gflops, ours_ms } = row;
      const shared = { axis: axis.name, value, date, cpu } as const;
      points.push({ ...shared, side: "jessl", ms: ours_ms, gflops });
      for (const { peer, peer_ms } of rows)
        points.push({ ...shared, side: peer, ms: peer_ms, gflops: (gflops * ours_ms) / peer_ms });
      const lines = points.map((point) => `  ${JSON.stringify(point)}`);
      writeFileAtomic(join(folder, "scaling.json"), `[\n${lines.join(",\n")}\n]\n`);
    }
    const svg = await renderSvg(scalingFigure(axis, points));
    writeFileAtomic(join(folder, `scaling-${axis.name}.svg`), svg);
  }
  return points;
}
