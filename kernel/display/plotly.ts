/**
 * Plotly figures, `{ data, layout }`: the JSON for a live view, and for pages that run no script a picture that Vega
 * draws of the common kinds of traces (points, lines, bars, histograms, heat maps; three dimensions seen from the
 * side). It is a sketch of the figure, not Plotly's own drawing, which needs a browser.
 */
import { isPlainObject, type MimeBundle, mime } from "./mime.js";
import { vegaBundle } from "./vega.js";

interface PlotlyFigure {
  readonly data: readonly Trace[];
  readonly layout?: { readonly [key: string]: unknown };
}

type Trace = { readonly [key: string]: unknown };
type Row = { [key: string]: unknown };

/** Whether a value is a Plotly figure. */
export function isPlotlyFigure(value: unknown): value is PlotlyFigure {
  if (!isPlainObject(value) || !Array.isArray(value.data) || !value.data.every(isPlainObject)) return false;
  return isPlainObject(value.layout) && value.data.length > 0;
}

/** The representations of a Plotly figure. */
export function plotlyBundle(figure: PlotlyFigure): MimeBundle | Promise<MimeBundle> {
  const { layout = {} } = figure;
  const kinds = [...new Set(figure.data.map(({ type = "scatter" }) => String(type)))].join(", ");
  const title = textOf(layout.title);
  const { data, config = {}, frames = [] } = figure as PlotlyFigure & Row;
  const live = { [mime.plotly]: plain({ data, layout, config, frames }) };
  const text = `Plotly figure (${kinds})${title === "" ? "" : `: ${title}`}`;
  const spec = sketch(figure);
  if (spec === undefined) return { ...live, [mime.text]: `${text}; shown where plotly.js runs` };
  const join = (drawn: MimeBundle): MimeBundle => ({ ...drawn, ...live, [mime.text]: text });
  const drawn = vegaBundle(spec, { live: false });
  return drawn instanceof Promise ? drawn.then(join) : join(drawn);
}

function textOf(title: unknown): string {
  const text = isPlainObject(title) ? title.text : title;
  return typeof text === "string" ? text.replace(/<[^>]*>/g, " ").trim() : "";
}

/** Typed arrays as lists: JSON knows no others. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.map(plain);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : [];
}

function sketch({ data, layout = {} }: PlotlyFigure): { [key: string]: unknown } | undefined {
  const layers = data.map((trace, i) => layerOf(trace, String(trace.name ?? `trace ${i}`)));
  if (layers.some((layer) => layer === undefined)) return undefined;
  const axis = (name: string) => textOf((layout[name] as Row | undefined)?.title) || null;
  const title = textOf(layout.title);
  const flat = data.some(({ type }) => type === "scatter3d");
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...(title === "" ? {} : { title }),
    width: 520,
    height: 360,
    layer: layers.map((layer) => ({
      ...layer,
      encoding: {
        ...layer!.encoding,
        x: { ...layer!.encoding.x, ...(flat ? { axis: null } : { title: axis("xaxis") }) },
        y: { ...layer!.encoding.y, ...(flat ? { axis: null } : { title: axis("yaxis") }) },
      },
    })),
    resolve: { scale: { color: "independent" } },
    config: { view: { stroke: null } },
  };
}

interface Layer {
  data: { values: Row[] };
  mark: Row;
  encoding: { [channel: string]: Row };
}

function layerOf(trace: Trace, name: string): Layer | undefined {
  switch (trace.type ?? "scatter") {
    case "scatter":
    case "scattergl":
      return points(list(trace.x), list(trace.y), trace, name);
    case "scatter3d":
      return points(...fromTheSide(trace), trace, name);
    case "bar":
      return xy(list(trace.x), list(trace.y), { type: "bar" }, trace.orientation === "h");
    case "histogram":
      return {
        data: { values: list(trace.x).map((x) => ({ x })) },
        mark: { type: "bar" },
        encoding: {
          x: { field: "x", bin: { maxbins: 40 }, type: "quantitative" },
          y: { aggregate: "count" },
        },
      };
    case "heatmap":
      return heatMap(trace);
    default:
      return undefined;
  }
}

function typeOf(values: readonly unknown[]): "quantitative" | "nominal" | "temporal" {
  const first = values.find((value) => value !== null && value !== undefined);
  if (typeof first === "number") return "quantitative";
  return typeof first === "string" && /^\d{4}-\d\d-\d\d/.test(first) ? "temporal" : "nominal";
}

function xy(x: unknown[], y: unknown[], mark: Row, flip = false): Layer {
  const places = x.length > 0 ? x : y.map((_, i) => i);
  const channel = (field: string, values: unknown[], category: boolean): Row => ({
    field,
    type: category && typeOf(values) === "quantitative" ? "ordinal" : typeOf(values),
    ...(category ? { sort: null } : { scale: { zero: mark.type === "bar" } }),
  });
  const bars = mark.type === "bar";
  return {
    data: { values: y.map((value, i) => ({ x: places[i], y: value })) },
    mark,
    encoding: { x: channel("x", places, bars && !flip), y: channel("y", y, bars && flip) },
  };
}

function points(x: unknown[], y: unknown[], trace: Trace, name: string): Layer {
  const mode = String(trace.mode ?? (x.length > 200 ? "lines" : "lines+markers"));
  const marker = isPlainObject(trace.marker) ? trace.marker : {};
  const lines = mode.includes("lines");
  const layer = xy(x, y, lines ? { type: "line", point: mode.includes("markers") } : { type: "circle" });
  const colours = list(marker.color);
  const rows = layer.data.values;
  if (colours.length === rows.length && colours.length > 0) {
    for (const [i, row] of rows.entries()) row.c = colours[i];
    const quantitative = typeOf(colours) === "quantitative";
    layer.encoding.color = quantitative
      ? { field: "c", type: "quantitative", scale: { scheme: "viridis" }, title: null }
      : { field: "c", type: "nominal", scale: null };
  } else if (typeof marker.color === "string") layer.encoding.color = { value: marker.color };
  else {
    for (const row of rows) row.name = name;
    layer.encoding.color = { field: "name", type: "nominal", title: null };
  }
  return layer;
}

/** Turned by 45° and tilted by 30°, as Plotly's camera roughly stands. */
function fromTheSide(trace: Trace): [x: number[], y: number[]] {
  const [xs, ys, zs] = [list(trace.x), list(trace.y), list(trace.z)].map((values) =>
    scaled(values.map(Number)),
  );
  const turn = Math.SQRT1_2;
  const across = xs!.map((x, i) => turn * (ys![i]! - x));
  const up = xs!.map((x, i) => 0.87 * zs![i]! - 0.5 * turn * (x + ys![i]!));
  return [across, up];
}

function scaled(values: readonly number[]): number[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return values.map((value) => (high > low ? (value - low) / (high - low) - 0.5 : 0));
}

function heatMap(trace: Trace): Layer {
  const rows = list(trace.z).map(list);
  const x = list(trace.x);
  const y = list(trace.y);
  const values = rows.flatMap((row, i) => row.map((z, j) => ({ x: x[j] ?? j, y: y[i] ?? i, z })));
  return {
    data: { values },
    mark: { type: "rect" },
    encoding: {
      x: { field: "x", type: "ordinal", sort: null },
      y: { field: "y", type: "ordinal", sort: "descending" },
      color: { field: "z", type: "quantitative", scale: { scheme: "viridis" }, title: null },
    },
  };
}
