/**
 * From YAML and `a.b=c` overrides to a checked configuration. Every fault names the key, what was expected and what
 * came; an unknown key suggests the nearest known one, because a silently ignored option ruins an experiment.
 */
import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { presetEntries, presetNames } from "../../augment/presets.js";
import { ConfigError } from "../../support/errors.js";
import { suggestion } from "../../support/nearest.js";
import { type TrainConfig, trainConfigSchema } from "./schema.js";
import { child, discriminator, fields, literalValues, type Path, schemaAt, valueAt } from "./walk.js";

type Mapping = Record<string, unknown>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a training configuration.
 * @param path a YAML file, or undefined for the defaults alone
 * @param overrides texts such as `optimiser.lr=0.01`; the value is read as YAML
 * @throws ConfigError when the file is missing, is no YAML, or holds an unknown key or a value out of range
 */
export function readConfig(path: string | undefined, overrides: readonly string[] = []): TrainConfig {
  let raw: unknown = {};
  if (path !== undefined) {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw new ConfigError(`config ${path}: ${(error as Error).message}`, { cause: error });
    }
    try {
      raw = parseYaml(text) ?? {};
    } catch (error) {
      throw new ConfigError(`config ${path}: expected YAML, got ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  if (!isMapping(raw)) throw new ConfigError(`config ${path}: expected keys and values, got ${show(raw)}`);
  for (const override of overrides) applyOverride(raw, override);
  return parseConfig(raw);
}

/** Checks a plain object against the schema and fills in the defaults. @throws ConfigError naming every fault */
export function parseConfig(raw: unknown): TrainConfig {
  const value = structuredClone(raw);
  fillNames(trainConfigSchema, value);
  const result = trainConfigSchema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => explain(issue, value)).join("\n"));
}

/**
 * Sets one value in a raw configuration. A path that leads into a part that the configuration leaves at its default
 * changes a copy of the default.
 */
export function applyOverride(raw: Mapping, override: string): void {
  const split = override.indexOf("=");
  if (split < 1) throw new ConfigError(`override: expected key=value, got ${override}`);
  const path = override
    .slice(0, split)
    .split(".")
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  let value: unknown;
  try {
    value = parseYaml(override.slice(split + 1));
  } catch (error) {
    throw new ConfigError(`override ${override}: expected a YAML value, got ${(error as Error).message}`);
  }
  let part: Mapping | unknown[] = raw;
  for (let i = 0; i + 1 < path.length; i++) {
    const key = path[i]!;
    const here = path.slice(0, i + 1);
    let next: unknown = (part as Mapping)[key];
    if ((next ?? undefined) === undefined && here.join(".") === "views.pipelines")
      next = copyPreset(part as Mapping, override);
    if (next === undefined && typeof path[i + 1] === "number") next = defaultAt(raw, here);
    if (next === undefined) next = {};
    if (typeof next !== "object" || next === null)
      throw new ConfigError(`override ${override}: ${here.join(".")} is ${show(next)} and has no parts`);
    (part as Mapping)[key] = next;
    part = next as Mapping;
  }
  (part as Mapping)[path.at(-1)!] = value;
}

/** The pipelines of the preset that raw `views` name, to be changed, in place of the preset. */
function copyPreset(views: Mapping, override: string): unknown {
  const { preset = "standard", count = 2 } = views;
  const names = presetNames.filter((name) => name !== "standard");
  const name = names.find((known) => known === preset);
  if (name === undefined)
    throw new ConfigError(
      `override ${override}: expected a preset whose pipelines it changes (views.preset=${names.join(", ")}, before it), got ${show(preset)}`,
    );
  delete views.preset;
  // The shape decides only what `standard` is.
  return presetEntries(name, Number(count), [1, 1, 1]);
}

function defaultAt(raw: Mapping, path: Path): unknown {
  const partial = structuredClone(raw);
  fillNames(trainConfigSchema, partial);
  const result = trainConfigSchema.safeParse(partial);
  return structuredClone(valueAt(result.success ? result.data : trainConfigSchema.parse({}), path));
}

/** `{ lr: 1 }` under a choice whose default is AdamW means AdamW: the default's name is filled in. */
function fillNames(schema: z.ZodType, value: unknown): void {
  if (Array.isArray(value)) for (const [i, part] of value.entries()) fillAt(schema, i, part, value);
  if (!isMapping(value)) return;
  const choice = discriminator(schema);
  if (choice && value[choice.key] === undefined) {
    const standard = schema.safeParse(undefined);
    if (standard.success) value[choice.key] = (standard.data as Mapping)[choice.key];
  }
  for (const [key, part] of Object.entries(value)) fillAt(schema, key, part, value);
}

function fillAt(schema: z.ZodType, key: string | number, part: unknown, value: unknown): void {
  const next = child(schema, key, value);
  if (next) fillNames(next, part);
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function explain(issue: z.core.$ZodIssue, value: unknown): string {
  const path = issue.path as Path;
  const place = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const schema = schemaAt(trainConfigSchema, value, path);
    const known = Object.keys((schema && fields(schema, valueAt(value, path))) ?? {});
    return issue.keys
      .map((key) => `unknown key ${[...path, key].join(".")}: ${suggestion(key, known)}`)
      .join("\n");
  }
  const got = valueAt(value, path);
  const words = expectedWords(path, value);
  if (words && typeof got === "string") return `${place}: unknown value ${got}; ${suggestion(got, words)}`;
  if (words) return `${place}: expected one of ${words.join(", ")}, got ${show(got)}`;
  const reason = issue.message.replace(/^Invalid input: /, "").replace(/, received .*$/, "");
  const expected = /^expected|^Too/.test(reason) ? reason.replace(/^Too (small|big): /, "") : reason;
  return `${place || "config"}: ${expected.startsWith("expected") ? expected : `expected: ${expected}`}, got ${show(got)}`;
}

/** The words that are allowed at a place: a choice's names or an enumeration. */
function expectedWords(path: Path, value: unknown): readonly string[] | undefined {
  const parent = path.length > 0 ? schemaAt(trainConfigSchema, value, path.slice(0, -1)) : undefined;
  const choice = parent && discriminator(parent);
  if (choice && path.at(-1) === choice.key) return choice.names;
  const here = schemaAt(trainConfigSchema, value, path);
  const words = literalValues(here);
  return words.length > 0 ? words : undefined;
}
