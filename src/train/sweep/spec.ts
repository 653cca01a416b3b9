/**
 * What a sweep is made of: a base configuration, a grid of values, a list of changes. Every run is the base with one
 * entry of the list and one point of the grid; its name says which.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { ConfigError } from "../../support/errors.js";
import { suggestion } from "../../support/nearest.js";
import { applyOverride, parseConfig } from "../config/parse.js";
import type { TrainConfig } from "../config/schema.js";

const specSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/),
  /** A file, or keys and values. */
  base: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
  /** Values by key; the runs are all combinations. */
  grid: z.record(z.string(), z.array(z.unknown()).min(1)).default({}),
  /** Changes to the base; each is combined with the whole grid. */
  runs: z.array(z.record(z.string(), z.unknown())).min(1).default([{}]),
});

/** One run of a sweep: its configuration, and the values that set it apart. */
export interface SweepRun {
  readonly name: string;
  /** The values that set it apart, by key such as `optimiser.lr`. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly config: TrainConfig;
}

/** Runs that are compared. */
export interface Sweep {
  readonly name: string;
  readonly runs: readonly SweepRun[];
}

/**
 * Reads a sweep from a YAML file.
 * @param overrides further changes to the base, such as `epochs=1`
 * @throws ConfigError naming the key, or the run whose configuration is wrong
 */
export function readSweep(path: string, overrides: readonly string[] = []): Sweep {
  const parsed = specSchema.safeParse(readYaml(path));
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map((issue) => explain(issue, path)).join("\n"));
  const { name, base, grid, runs } = parsed.data;
  const start = typeof base === "string" ? readYaml(resolve(dirname(path), base)) : base;
  if (typeof start !== "object" || start === null || Array.isArray(start))
    throw new ConfigError(`sweep ${path}: base: expected keys and values, got ${JSON.stringify(start)}`);
  const changes = runs.flatMap((entry) => points(grid).map((point) => ({ ...entry, ...point })));
  const made = changes.map((values) => makeRun(start as Record<string, unknown>, values, overrides));
  const twice = made.find(({ name: own }, i) => made.findIndex((other) => other.name === own) !== i);
  if (twice) throw new ConfigError(`sweep ${path}: expected runs that differ, got ${twice.name} twice`);
  return { name, runs: made };
}

function readYaml(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function explain(issue: z.core.$ZodIssue, path: string): string {
  const place = `sweep ${path}: ${issue.path.join(".")}`;
  if (issue.code !== "unrecognized_keys") return `${place}: ${issue.message}`;
  const known = Object.keys(specSchema.shape);
  return issue.keys.map((key) => `${place}unknown key ${key}: ${suggestion(key, known)}`).join("\n");
}

/** All combinations of the grid's values, the last key changing fastest. */
function points(grid: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  return Object.entries(grid).reduce<Record<string, unknown>[]>(
    (all, [key, values]) => all.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  );
}

function makeRun(
  base: Record<string, unknown>,
  values: Record<string, unknown>,
  overrides: readonly string[],
): SweepRun {
  const name = runName(values);
  const raw = structuredClone(base);
  try {
    for (const override of overrides) applyOverride(raw, override);
    for (const [key, value] of Object.entries(values)) applyOverride(raw, `${key}=${JSON.stringify(value)}`);
    return { name, values, config: parseConfig({ ...raw, name }) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`run ${name}: ${error.message}`, { cause: error });
  }
}

/** A name that a folder may have, of keys and values: `method-byol_method.momentum-0.98_seed-1`. */
function runName(values: Readonly<Record<string, unknown>>): string {
  const flat = (key: string, value: unknown): string[] => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return [`${key}-${String(value)}`];
    return Object.entries(value).flatMap(([part, inner]) =>
      flat(part === "name" ? key : `${key}.${part}`, inner),
    );
  };
  const parts = Object.entries(values)
    .flatMap(([key, value]) => flat(key, value))
    .map((part) => part.replaceAll(/[^\w.-]+/g, "_"));
  return parts.join("_").slice(0, 150) || "base";
}
