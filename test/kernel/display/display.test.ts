/** Values as MIME bundles: what is recognised as what, and that each can be read where no script runs. */
import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { load, toMimeBundle } from "../../../kernel/display/index.js";
import { displaySymbol, formatNumber, type MimeBundle } from "../../../kernel/display/mime.js";
import { encodePng } from "../../../kernel/display/png.js";
import {
  html,
  image,
  json,
  latex,
  markdown,
  mimeBundle,
  table,
  tensorGrid,
} from "../../../kernel/display/rich.js";
import { dropdown, slider } from "../../../kernel/display/widgets.js";
import { eager, hostTensor, tf } from "../../../src/index.js";

beforeAll(load);

const now = (value: unknown): MimeBundle => {
  const bundle = toMimeBundle(value);
  if (bundle instanceof Promise) throw new Error("expected the bundle at once");
  return bundle;
};
const types = (value: unknown) => Object.keys(now(value)).sort();
const text = (value: unknown) => now(value)["text/plain"];

const vegaLite = {
  title: "Squares",
  mark: "line",
  data: { values: [1, 2, 3].map((x) => ({ x, y: x * x })) },
  encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
};
const live = ["application/vnd.vegalite.v5+json", "application/vnd.vegalite.v6+json"];

describe("figures", () => {
  test("Vega-Lite: live types of both versions and a picture, at once", () => {
    const bundle = now(vegaLite);
    expect(Object.keys(bundle).sort()).toEqual([...live, "image/svg+xml", "text/plain"]);
    expect(bundle["image/svg+xml"]).toMatch(/^<svg[\s\S]*Squares[\s\S]*<\/svg>$/);
    expect(bundle[live[0]!]).toMatchObject({
      mark: "line",
      $schema: expect.stringMatching(/vega-lite\/v5.json/),
    });
    expect(bundle["text/plain"]).toBe("Vega-Lite figure: Squares");
  });

  test("the picture drawn at once is the one that Vega draws", async () => {
    const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
    const faceted = {
      ...vegaLite,
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      encoding: {
        ...vegaLite.encoding,
        row: { field: "x", type: "nominal" },
        color: { field: "x", type: "nominal" },
      },
    };
    const own = await new vega.View(vega.parse(compile(faceted as never).spec), { renderer: "none" }).toSVG();
    // Identifiers of clip paths count up.
    const plain = (svg: unknown) => String(svg).replace(/(clip|gradient_)\d+/g, "$1");
    expect(plain(now(faceted)["image/svg+xml"])).toBe(plain(own));
  });

  test("pictures in a figure are in its picture", async () => {
    const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
    const pixel = `data:image/png;base64,${Buffer.from(encodePng({ width: 1, height: 1, rgb: Uint8Array.of(1, 2, 3) })).toString("base64")}`;
    const spec = {
      data: { values: [{ x: 1, url: pixel }] },
      layer: [
        {
          mark: { type: "image", width: 20, height: 20 },
          encoding: { x: { field: "x", type: "quantitative" }, url: { field: "url" } },
        },
      ],
    };
    const own = await new vega.View(vega.parse(compile(spec as never).spec), { renderer: "none" }).toSVG();
    expect(now(spec)["image/svg+xml"]).toContain(pixel);
    expect(String(now(spec)["image/svg+xml"]).replace(/clip\d+/g, "")).toBe(own.replace(/clip\d+/g, ""));
  });

  test("Vega, compositions, and what only looks like a figure", () => {
    const vega = { $schema: "https://vega.github.io/schema/vega/v6.json", width: 10, height: 10, marks: [] };
    expect(types(vega)).toEqual([
      "application/vnd.vega.v5+json",
      "application/vnd.vega.v6+json",
      "image/svg+xml",
      "text/plain",
    ]);
    const { data, mark, encoding } = vegaLite;
    expect(
      types({
        data,
        hconcat: [
          { mark, encoding },
          { mark, encoding },
        ],
      }),
    ).toContain("image/svg+xml");
    expect(types({ mark: 3, encoding: {} })).toEqual(["text/plain"]);
    expect(types({ data: [1], mark: "x" })).toEqual(["text/plain"]);
  });

  test("a figure that cannot be drawn says why and does not throw", () => {
    const broken = {
      ...vegaLite,
      encoding: { x: { field: "x", type: "quantitative", scale: { type: "nonsense" } } },
      mark: "nonsense",
    };
    expect(now(broken)["text/plain"]).toMatch(/it cannot be drawn: /);
    expect(types(broken)).toEqual([...live, "text/plain"]);
  });

  test("data from elsewhere are waited for", async () => {
    const bundle = await toMimeBundle({
      ...vegaLite,
      data: { url: "data:text/csv,x,y%0A1,2%0A3,4", format: { type: "csv" } },
    });
    expect(bundle["image/svg+xml"]).toMatch(/^<svg/);
  });

  test.each([
    ["scatter", { x: [1, 2, 3], y: [3, 1, 2], mode: "lines+markers" }],
    ["scattergl", { x: [1, 2], y: [3, 1], mode: "markers", marker: { color: ["red", "blue"] } }],
    [
      "scatter3d",
      { x: [1, 2, 3], y: [3, 1, 2], z: [1, 1, 2], mode: "markers", marker: { color: [1, 2, 3] } },
    ],
    ["bar", { x: ["a", "b"], y: [3, 1] }],
    ["histogram", { x: Float32Array.of(1, 2, 2, 3) }],
    [
      "heatmap",
      {
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
  ])("Plotly %s: live type and a sketch", (type, trace) => {
    const figure = { data: [{ type, ...trace }], layout: { title: { text: "A <b>title</b>" } } };
    expect(types(figure)).toEqual(["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
    const bundle = now(figure);
    expect(bundle["text/plain"]).toMatch(/^Plotly figure .*: A\s+title$/);
    expect(String(bundle["image/svg+xml"])).toMatch(/<path|<circle/);
    expect(
      JSON.parse(JSON.stringify(bundle["application/vnd.plotly.v1+json"])).data[0].x ?? [],
    ).toBeInstanceOf(Array);
  });

  test("Plotly traces without a sketch are named", () => {
    const figure = { data: [{ type: "sankey" }], layout: {} };
    expect(types(figure)).toEqual(["application/vnd.plotly.v1+json", "text/plain"]);
    expect(text(figure)).toContain("sankey");
  });
});

describe("tensors", () => {
  test("of TensorFlow.js, of the host, and of a compiled function", async () => {
    const wanted = "float32 [2, 2]: 1 to 4, mean 2.5, std 1.118\n[[1, 2],\n [3, 4]]";
    expect(
      text(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toBe(wanted);
    const host = hostTensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
    expect(text(host)).toBe(wanted);
    const result = await eager((x: tf.Tensor) => tf.mul(x, 1))(host);
    expect(text(result)).toBe(wanted);
    (result as { dispose(): void }).dispose();
    expect(text(result)).toMatch(/^tensor float32 \[2, 2\]: .*disposed/);
  });

  test("empty, scalar, not finite, long", () => {
    expect(text(hostTensor(new Float32Array(0), [0, 3]))).toBe("float32 [0, 3]\n[]");
    expect(text(hostTensor(Float32Array.of(7), []))).toBe("float32 []\n7");
    expect(text(hostTensor(Float32Array.of(Number.NaN, 1, 3), [3]))).toMatch(
      /1 to 3, mean 2, std 1, 1 not finite/,
    );
    expect(
      text(
        hostTensor(
          Int32Array.from({ length: 100 }, (_, i) => i),
          [100],
        ),
      ),
    ).toContain("[0, 1, 2, …, 97, 98, 99]");
  });

  test.each([
    [[3, 8, 8, 3], true],
    [[8, 9, 1], true],
    [[5, 16, 16], true],
    [[5, 16, 17], false],
    [[3, 4, 4, 3], false],
    [[64, 512], false],
    [[2, 8, 8, 5], false],
  ])("%j looks like images: %s", (shape, images) => {
    const size = shape.reduce((a, b) => a * b, 1);
    expect(types(hostTensor(new Uint8Array(size), shape)).includes("image/png")).toBe(images);
  });

  test("the grid holds the pixels", async () => {
    const red = Uint8Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => (i % 3 === 0 && i < 192 ? 255 : 0));
    const bundle = now(tensorGrid(hostTensor(red, [2, 8, 8, 3]), { caption: "" }));
    const { data, info } = await sharp(bundle["image/png"] as Uint8Array)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 2 * 56 + 2, height: 56, channels: 3 });
    const at = (x: number, y: number) => [
      ...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3),
    ];
    expect([at(0, 0), at(55, 55), at(57, 0), at(58, 3)]).toEqual([
      [255, 0, 0],
      [255, 0, 0],
      [255, 255, 255],
      [0, 0, 0],
    ]);
    expect(() => tensorGrid(hostTensor(new Uint8Array(4), [2, 2]))).toThrow("tensor grid: expected");
  });
});

test("PNG: any size and any pixels are read back by sharp", async () => {
  const pixels = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([width, height]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        rgb: fc.uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height }),
      }),
    );
  await fc.assert(
    fc.asyncProperty(pixels, async (picture) => {
      const { data, info } = await sharp(encodePng(picture)).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([picture.width, picture.height]);
      expect([...data]).toEqual([...picture.rgb]);
    }),
    { numRuns: 30 },
  );
});

describe("tables and pictures", () => {
  const rows = [
    { name: "a", accuracy: 0.91234, n: 10 },
    { name: "<b>", accuracy: 0.5 },
  ];

  test("HTML is escaped, numbers stand right, text has columns", () => {
    const bundle = now(rows);
    expect(bundle["text/html"]).toContain("&lt;b&gt;");
    expect(bundle["text/html"]).not.toContain("<b>");
    expect(bundle["text/html"]).toContain('<td style="text-align: right">0.9123</td>');
    expect(bundle["text/plain"]).toBe(
      "name  accuracy   n\n────  ────────  ──\na       0.9123  10\n<b>        0.5",
    );
  });

  test("columns and rows can be chosen; lists of other things stay text", () => {
    expect(text(table(rows, { columns: ["n", "name"], limit: 1 }))).toBe(
      " n  name\n──  ────\n10  a\n… and 1 more rows",
    );
    expect(types([1, 2])).toEqual(["text/plain"]);
    expect(types([])).toEqual(["text/plain"]);
    expect(types([{ a: 1 }, 2])).toEqual(["text/plain"]);
    expect(types([{ a: 1 }, { b: 2 }])).toEqual(["text/plain"]);
  });

  test("picture files by their first bytes", async () => {
    const base = sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });
    for (const format of ["png", "jpeg", "webp", "gif"] as const) {
      const bytes = await base.clone()[format]().toBuffer();
      expect(now(bytes)[`image/${format}`]).toBe(bytes);
      expect(types(image(new Uint8Array(bytes)))).toContain(`image/${format}`);
    }
    expect(types(Uint8Array.of(1, 2, 3))).toEqual(["text/plain"]);
    expect(() => image("/nowhere.png")).toThrow("image /nowhere.png: cannot be read (ENOENT)");
    expect(() => image(Uint8Array.of(1))).toThrow("expected PNG, JPEG, GIF or WebP");
  });
});

describe("values that show themselves", () => {
  test("helpers, as functions and as tags", () => {
    expect(now(html`<b>${1 + 1}</b>`)["text/html"]).toBe("<b>2</b>");
    expect(now(markdown("# Title"))["text/markdown"]).toBe("# Title");
    expect(now(latex("x^2"))["text/latex"]).toBe("$$x^2$$");
    expect(now(latex("\\begin{align}x\\end{align}"))["text/latex"]).toMatch(/^\\begin/);
    expect(now(json({ a: 1 }))["application/json"]).toEqual({ a: 1 });
    expect(now(mimeBundle({ "x/y": "z" }))).toEqual({ "x/y": "z" });
  });

  test("Jupyter.display of any object, also one that waits; one that fails is shown as text", async () => {
    expect(now({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<i>" }) })).toEqual({
      "text/html": "<i>",
    });
    expect(await toMimeBundle({ [displaySymbol]: async () => ({ "text/plain": "later" }) })).toEqual({
      "text/plain": "later",
    });
    const failing = {
      a: 1,
      [displaySymbol]: () => {
        throw new Error("no");
      },
    };
    expect(text(failing)).toContain("(shown as text: no)");
  });

  test("widgets outside a kernel are text, and keep their value", () => {
    const rate = slider({ min: 0, max: 1, value: 0.5, description: "rate" });
    expect(now(rate)).toEqual({ "text/plain": "rate: 0.5 (0 to 1)" });
    rate.value = 0.25;
    expect(text(rate)).toBe("rate: 0.25 (0 to 1)");
    expect(text(dropdown({ options: ["a", "b"], value: "b" }))).toBe("choice: b (of a, b)");
    expect(() => slider({ min: 0, max: 1, value: 2 })).toThrow("slider: expected 0 ≤ value ≤ 1, got 2");
    expect(() => dropdown({ options: ["a"], value: "b" })).toThrow("dropdown: expected one of a, got b");
  });
});

test.each([
  [1, "1"],
  [0.5, "0.5"],
  [1 / 3, "0.3333"],
  [1.23456e-6, "1.23e-6"],
  [-123456.78, "-123500"],
  [Number.NaN, "NaN"],
])("%d is written %s", (value, written) => {
  expect(formatNumber(value)).toBe(written);
});

test("anything at all has a text", () => {
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true, withTypedArray: true, withDate: true, withMap: true }),
      (value) => {
        const bundle = toMimeBundle(value);
        if (bundle instanceof Promise) return;
        expect(typeof bundle["text/plain"]).toBe("string");
      },
    ),
    { numRuns: 300 },
  );
});
