/** Configurations: defaults, overrides, errors that help, and a print that reads back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { presetEntries } from "../../../src/augment/presets.js";
import { augmentationSchema } from "../../../src/augment/schema.js";
import { ConfigError } from "../../../src/support/errors.js";
import { parseConfig, readConfig } from "../../../src/train/config/parse.js";
import { printConfig } from "../../../src/train/config/print.js";

const augmentationNames = augmentationSchema.options.map((option) => option.shape.name.value);

const folder = mkdtempSync(join(tmpdir(), "jessl-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(text: string): string {
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return path;
}

test("an empty file means the defaults", () => {
  expect(readConfig(written(""))).toEqual(readConfig(undefined));
});

test("YAML, then overrides in order", () => {
  const path = written("epochs: 3\noptimiser: { name: sgd, lr: 0.1 }\n");
  const config = readConfig(path, ["optimiser.lr=0.2", "batch=32", "optimiser.lr=3e-1", "name=a-b_c.1"]);
  expect(config).toMatchObject({
    epochs: 3,
    batch: 32,
    name: "a-b_c.1",
    optimiser: { name: "sgd", lr: 0.3 },
  });
});

test("a part of a choice belongs to the default's name", () => {
  expect(readConfig(undefined, ["optimiser.lr=0.5"]).optimiser).toMatchObject({ name: "adamw", lr: 0.5 });
  expect(readConfig(undefined, ["optimiser.name=lars"]).optimiser).toMatchObject({
    name: "lars",
    trust: 0.001,
  });
});

test("an override into a preset's pipelines changes a copy of them, and only that place", () => {
  const standard = presetEntries("grey", 2, [28, 28, 1]);
  const { views } = readConfig(undefined, ["views.preset=grey", "views.pipelines.0.0.scale=[0.5, 1]"]);
  expect(views.preset).toBeNull();
  expect(views.pipelines![0]![0]).toEqual({ ...standard[0]![0], scale: [0.5, 1] });
  expect(views.pipelines![0]!.slice(1)).toEqual(standard[0]!.slice(1));
  expect(views.pipelines![1]).toEqual(standard[1]);
  expect(presetEntries("grey", 2, [28, 28, 1])).toEqual(standard);
});

test("views are a preset or pipelines, never both", () => {
  expect(readConfig(undefined).views).toEqual({ preset: "standard", count: 2, pipelines: null });
  expect(readConfig(written("views: { pipelines: [[{ name: gaussianNoise }]] }")).views).toEqual({
    preset: null,
    count: 2,
    pipelines: [[{ name: "gaussianNoise", sigma: 0.5 }]],
  });
  for (const views of ["preset: grey, pipelines: [[]]", "preset: null", "preset: null, pipelines: null"])
    expect(() => readConfig(written(`views: { ${views} }`))).toThrow(/views: expected a preset or pipelines/);
});

describe("errors", () => {
  test.each([
    ["epoch=3", "unknown key epoch: did you mean epochs?"],
    ["optimiser.learningRat=3", /unknown key optimiser\.learningRat: known: name, lr/],
    ["optimiser.momentun=0.5", /unknown key optimiser\.momentun: /],
    ["optimiser={name: sgd, momentun: 0.5}", "unknown key optimiser.momentun: did you mean momentum?"],
    ["optimiser.name=adam", "optimiser.name: unknown value adam; did you mean adamw?"],
    ["method.name=simclear", "method.name: unknown value simclear; did you mean simclr?"],
    ["views.preset=gray", "views.preset: unknown value gray; did you mean grey?"],
    [
      "views={pipelines: [[{name: gausianNoise}]]}",
      /0\.0\.name: unknown value gausianNoise; did you mean gaussianNoise/,
    ],
    ["views.pipelines.0.0.scale=[0.5, 1]", /expected a preset whose pipelines it changes .*got "standard"/],
    ["schedule.name=cosin", "schedule.name: unknown value cosin; did you mean cosine?"],
    ["schedule.name=7", "schedule.name: expected one of cosine, constant, got 7"],
    ["batch=many", 'batch: expected number, got "many"'],
    ["batch=2.5", /batch: expected.*got 2.5/],
    ["batch=1", "batch: expected number to be >=2, got 1"],
    ["projector=a-b", 'projector: expected widths such as 512-128, or an empty text for none, got "a-b"'],
    ["optimiser=7", /optimiser: expected .*, got 7/],
    ["seed.x=1", /seed: expected number/],
    ["epochs", "override: expected key=value, got epochs"],
    ["epochs=[1", /override epochs=\[1: expected a YAML value/],
  ])("%s", (override, message) => {
    expect(() => readConfig(undefined, [override])).toThrow(message);
    expect(() => readConfig(undefined, [override])).toThrow(ConfigError);
  });

  test("a path through a plain value", () => {
    expect(() => readConfig(written("seed: 1"), ["seed.x=1"])).toThrow("seed is 1 and has no parts");
  });

  test("files that are missing, no YAML, or no mapping", () => {
    expect(() => readConfig(join(folder, "none.yaml"))).toThrow(/config .*none\.yaml: ENOENT/);
    expect(() => readConfig(written("a: [1"))).toThrow(/expected YAML/);
    expect(() => readConfig(written("- 1"))).toThrow(/expected keys and values, got \[1\]/);
  });

  test("every fault is listed", () => {
    expect(() => parseConfig({ epoch: 1, batch: 1 })).toThrow(/batch: .*\n.*epoch|epoch: .*\n.*batch/);
  });
});

test("the printed configuration explains every key and reads back as itself", () => {
  const config = readConfig(undefined, [
    "name=x",
    "data.folder=/a b/c",
    "optimiser.name=lars",
    `views={pipelines: [[${augmentationNames.map((name) => `{name: ${name}}`).join(", ")}]]}`,
  ]);
  const text = printConfig(config);
  expect(parseConfig(parse(text))).toEqual(config);
  for (const line of text.split("\n").filter((line) => /^ *(- )*\w+:/.test(line) && !/name:/.test(line)))
    expect(line).toMatch(/# ./);
});
