/**
 * Vega-Lite and Vega specifications: the JSON for a live view, and an SVG for pages that run no script. Vega is loaded
 * ahead (`loadVega`), so that a figure is drawn at once and stays in order with what is printed. JupyterLab up to 4.6
 * knows Vega-Lite 5; what both versions share is nearly all, and so every figure goes out under both types.
 */
import type { Spec as VegaSpec } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { svgToPng } from "../../src/figure/render.js";
import { isPlainObject, type MimeBundle, mime } from "./mime.js";

type Spec = { readonly [key: string]: unknown };

type Libraries = [vega: typeof import("vega"), vegaLite: typeof import("vega-lite")];
let libraries: Libraries | undefined;
let loading: Promise<Libraries> | undefined;

/** Loads Vega; figures are drawn at once from then on. */
export function loadVega(): Promise<Libraries> {
  loading ??= Promise.all([import("vega"), import("vega-lite")]).then((loaded) => {
    libraries = loaded;
    return loaded;
  });
  return loading;
}

const compositions = ["layer", "hconcat", "vconcat", "concat"];

/** Whether a value is a Vega-Lite or a Vega specification. */
export function isVegaSpec(value: unknown): value is Spec {
  if (!isPlainObject(value)) return false;
  if (typeof value.$schema === "string") return /\/schema\/vega(-lite)?\//.test(value.$schema);
  const marked = typeof value.mark === "string" || isPlainObject(value.mark);
  if (marked) return isPlainObject(value.encoding);
  return "data" in value && compositions.some((name) => Array.isArray(value[name]));
}

/** The kind and the title of a specification, as text. */
function describe(spec: Spec, kind: string): string {
  const { title } = spec;
  const text = isPlainObject(title) ? title.text : title;
  const words = Array.isArray(text) ? text.join(" ") : text;
  return typeof words === "string" && words !== "" ? `${kind} figure: ${words}` : `${kind} figure`;
}

const largeSvg = 300_000;
const largeJson = 100_000;

/** The representations of a specification. `live: false` leaves the JSON out. */
export function vegaBundle(spec: Spec, { live = true } = {}): MimeBundle | Promise<MimeBundle> {
  const lite = !/\/schema\/vega\//.test(String(spec.$schema ?? ""));
  const base: MimeBundle = {
    ...(live ? liveTypes(spec, lite) : {}),
    [mime.text]: describe(spec, lite ? "Vega-Lite" : "Vega"),
  };
  const withPicture = (svg: string): MimeBundle =>
    svg.length > largeSvg ? { ...base, [mime.png]: svgToPng(svg) } : { ...base, [mime.svg]: svg };
  const failed = (error: unknown): MimeBundle => ({
    ...base,
    [mime.text]: `${base[mime.text]}; it cannot be drawn: ${(error as Error).message}`,
  });
  if (libraries !== undefined && !readsFiles(spec))
    try {
      return withPicture(drawNow(spec, lite, libraries));
    } catch (error) {
      return failed(error);
    }
  return drawLater(spec, lite).then(withPicture, failed);
}

function liveTypes(spec: Spec, lite: boolean): MimeBundle {
  const schema = (version: number) =>
    `https://vega.github.io/schema/${lite ? "vega-lite" : "vega"}/v${version}.json`;
  const [five, six] = lite ? [mime.vegaLite5, mime.vegaLite6] : [mime.vega5, mime.vega6];
  const bundle: MimeBundle = { [five]: { ...spec, $schema: schema(5) } };
  // Large data once only, for the front ends that there are.
  if (JSON.stringify(spec).length <= largeJson) bundle[six] = { ...spec, $schema: schema(6) };
  return bundle;
}

/** Whether data or pictures come from elsewhere, for which drawing must wait. */
function readsFiles(value: unknown): boolean {
  if (Array.isArray(value)) return value.length < 1000 && value.some(readsFiles);
  if (!isPlainObject(value)) return false;
  return Object.entries(value).some(
    ([key, part]) => (key === "url" && typeof part === "string") || (key !== "values" && readsFiles(part)),
  );
}

function viewOf(spec: Spec, lite: boolean, [vega, vegaLite]: Libraries) {
  const silent = vega.logger(vega.Error);
  const compiled = lite ? vegaLite.compile(spec as object as TopLevelSpec, { logger: silent }).spec : spec;
  return new vega.View(vega.parse(compiled as VegaSpec), { renderer: "none", logger: silent });
}

/** What Vega's own `toSVG` does, without its waiting. */
function drawNow(spec: Spec, lite: boolean, loaded: Libraries): string {
  const [vega] = loaded;
  const view = viewOf(spec, lite, loaded);
  try {
    view.run();
    const { left, right, top, bottom } = view.padding() as {
      [side in "left" | "right" | "top" | "bottom"]: number;
    };
    const inner = view as unknown as { _viewWidth: number; _viewHeight: number; _origin: [number, number] };
    const Renderer = (vega as unknown as { SVGStringRenderer: new (loader: unknown) => SvgRenderer })
      .SVGStringRenderer;
    const root = (view.scenegraph() as unknown as { root: SceneNode }).root;
    placeImages(root);
    return new Renderer(view.loader())
      .initialize(
        null,
        inner._viewWidth + left + right,
        inner._viewHeight + top + bottom,
        [left + inner._origin[0], top + inner._origin[1]],
        1,
      )
      .background(view.background())
      .render(root)
      .svg();
  } finally {
    view.finalize();
  }
}

interface SceneNode {
  readonly marktype?: string;
  readonly items?: readonly SceneNode[];
  readonly url?: string;
  image?: object;
}

/** Gives the image marks their pictures, which Vega would load later: an address in the SVG is all it takes. */
function placeImages(node: SceneNode): void {
  for (const item of node.items ?? []) {
    if (node.marktype === "image" && item.url !== undefined)
      item.image = { complete: false, width: 0, height: 0, src: item.url, url: item.url };
    placeImages(item);
  }
}

interface SvgRenderer {
  initialize(
    element: null,
    width: number,
    height: number,
    origin: [number, number],
    scale: number,
  ): SvgRenderer;
  background(colour: unknown): SvgRenderer;
  render(scene: unknown): SvgRenderer;
  svg(): string;
}

async function drawLater(spec: Spec, lite: boolean): Promise<string> {
  const view = viewOf(spec, lite, await loadVega());
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
