/**
 * The loss while it falls: a figure that is drawn anew during training, at most four times a second and never for more
 * than a tenth of the time, in one display. While training runs it is a picture, which does not flicker; at the end
 * it becomes the live figure. Outside a kernel it is a progress bar.
 */

import { categorical, themeConfig } from "../../src/figure/theme.js";
import { createProgress, formatPace, type Progress } from "../../src/support/progress.js";
import { type Handle, kernelHost } from "./host.js";
import { formatNumber, type MimeBundle } from "./mime.js";
import { vegaBundle } from "./vega.js";

/** What a live plot shows. */
export interface LivePlotOptions {
  readonly title?: string;
  /** The metrics to draw, each in a panel of its own. */
  readonly metrics?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  /** Milliseconds between two drawings, at least. */
  readonly pause?: number;
}

/** What a training step reports. */
export interface StepMetrics {
  readonly step: number;
  readonly [metric: string]: number | undefined;
}

/** A plot that grows while a cell runs. */
export interface LivePlot {
  /** Takes a step's metrics: hand it to training as `onStep`. */
  readonly onStep: (metrics: StepMetrics, totalSteps?: number) => void;
  /** Draws all that came as a live figure. Called by itself after the last step. */
  readonly stop: () => void;
}

const mostPoints = 300;

/** A live plot: `await trainEncoder(config, { onStep: livePlot().onStep })`. */
export function livePlot({
  title = "Training",
  metrics = ["loss"],
  width = 520,
  height = 220,
  pause = 250,
}: LivePlotOptions = {}): LivePlot {
  const host = kernelHost();
  const series = new Map(metrics.map((name) => [name, [] as [step: number, value: number][]]));
  const began = performance.now();
  let first: number | undefined;
  let latest: StepMetrics = { step: 0 };
  let total: number | undefined;
  let handle: Handle | undefined;
  let bar: Progress | undefined;
  let next = 0;

  const subtitle = (): string => {
    const of = total === undefined ? "" : ` of ${total}`;
    const values = metrics
      .filter((name) => latest[name] !== undefined)
      .map((name) => `${name} ${formatNumber(latest[name]!)}`);
    const seconds = (performance.now() - began) / 1000;
    const before = (first ?? 1) - 1;
    const pace = total === undefined ? [] : [formatPace(latest.step, before, total, seconds, "steps")];
    return [`step ${latest.step}${of}`, ...values, ...pace].join(" · ");
  };
  const draw = (live: boolean): void => {
    const start = performance.now();
    const spec = specification(title, subtitle(), series, width, height, total);
    const show = (bundle: MimeBundle) => {
      if (handle === undefined) handle = host!.display(bundle, { raw: true });
      else handle.update(bundle, { raw: true });
    };
    const bundle = vegaBundle(spec, { live });
    if (bundle instanceof Promise) void bundle.then(show);
    else show(bundle);
    next = performance.now() + Math.max(pause, 9 * (performance.now() - start));
  };

  return {
    onStep(step, totalSteps) {
      latest = step;
      total = totalSteps ?? total;
      first ??= step.step;
      for (const [name, points] of series) {
        const value = step[name];
        if (value !== undefined) points.push([step.step, value]);
      }
      const last = step.step === total;
      if (host === undefined) {
        bar ??= createProgress({ title, total: total ?? 0, unit: "steps", start: step.step - 1 });
        bar.update(step.step, metrics.map((name) => `${name} ${step[name]?.toFixed(4)}`).join(" · "));
        if (last) bar.stop();
      } else if (last) draw(true);
      else if (performance.now() >= next) draw(false);
    },
    stop() {
      if (host === undefined) bar?.stop();
      else if (latest.step > 0) draw(true);
    },
  };
}

type Points = readonly (readonly [step: number, value: number])[];

/** At most `mostPoints` points: the mean of neighbours. */
function thinned(points: Points): Points {
  const group = Math.ceil(points.length / mostPoints);
  if (group <= 1) return points;
  const out: [number, number][] = [];
  for (let i = 0; i < points.length; i += group) {
    const part = points.slice(i, i + group);
    const mean = (index: 0 | 1) => part.reduce((sum, point) => sum + point[index], 0) / part.length;
    out.push([mean(0), mean(1)]);
  }
  return out;
}

/** Centred means, over a window that grows with the number of points. */
function smoothed(points: Points): Points {
  const reach = Math.round(points.length / 30);
  return points.map(([step], i) => {
    // As many on the left as on the right: an end is not pulled inwards.
    const side = Math.min(reach, i, points.length - 1 - i);
    const part = points.slice(i - side, i + side + 1);
    return [step, part.reduce((sum, [, value]) => sum + value, 0) / part.length] as const;
  });
}

function specification(
  title: string,
  subtitle: string,
  series: ReadonlyMap<string, Points>,
  width: number,
  height: number,
  total: number | undefined,
): { [key: string]: unknown } {
  const panels = [...series].map(([name, points]) => {
    const thin = thinned(points);
    const x = {
      field: "step",
      type: "quantitative",
      title: "step",
      scale: { domain: [0, Math.max(total ?? 0, points.at(-1)?.[0] ?? 1)], nice: false },
    };
    const line = (values: Points, opacity: number, strokeWidth: number) => ({
      data: { values: values.map(([step, value]) => ({ step: round(step), [name]: round(value) })) },
      mark: { type: "line", color: categorical[0], opacity, strokeWidth, clip: true },
      encoding: { x, y: { field: name, type: "quantitative", title: name, scale: { zero: false } } },
    });
    return { width, height, layer: [line(thin, 0.3, 1), line(smoothed(thin), 1, 2)] };
  });
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, subtitle },
    ...(panels.length === 1 ? panels[0] : { vconcat: panels }),
    config: themeConfig("light"),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
