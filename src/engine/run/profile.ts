/**
 * Where a program's time goes. ONNX Runtime writes each operator's time to a file; this reads it into two tables, by
 * operator (with GFLOPS for products and convolutions) and by the scope in which the function recorded it.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sizeOf } from "../host.js";
import { encodeModel, type OnnxModel } from "../lower/onnx.js";
import { type ChromeTrace, chromeTrace, type TracedNode } from "./chrome-trace.js";
import { Resident } from "./resident.js";
import { type Elements, Session, type SessionOptions } from "./session.js";

/** The time of one operator or scope. */
export interface ProfileRow {
  /** An ONNX operator, or a scope of the program. */
  readonly name: string;
  /** Nodes of this kind in one run. */
  readonly count: number;
  /** Milliseconds of one run, the mean over the runs. */
  readonly ms: number;
  /** Part of the time of all nodes, 0 to 1. */
  readonly share: number;
  /** Billions of multiplications and additions a second; undefined for operators that are not products. */
  readonly gflops: number | undefined;
  /** `gflops` as a part of what a large matrix product reaches on the device; undefined where that was not measured. */
  readonly ofLimit: number | undefined;
}

/** Where the time of a compiled program goes. */
export interface Profile {
  readonly name: string;
  readonly runs: number;
  /** Milliseconds of one run as a whole, the mean over the runs. */
  readonly ms: number;
  readonly operators: readonly ProfileRow[];
  readonly scopes: readonly ProfileRow[];
  /** By execution provider: the operators that ran on it. */
  readonly providers: Readonly<Record<string, readonly string[]>>;
  /** GFLOPS of a product of 1024 × 1024 matrices on the same device, the limit of the arithmetic. */
  readonly limit: number | undefined;
  /** The last run, for a file that Chromium's tracing page or Perfetto opens. */
  readonly trace: ChromeTrace;
  /** Both tables as text. */
  readonly text: string;
}

type TypedShape = { readonly [type: string]: readonly number[] };

interface Event {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly ts: number;
  readonly args: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly input_type_shape?: readonly TypedShape[];
    readonly output_type_shape?: readonly TypedShape[];
  };
}

const shapeOf = (typed: TypedShape | undefined): readonly number[] => Object.values(typed ?? {})[0] ?? [];

/** Multiplications and additions of one node: two for each product that enters a sum. */
function operations({ args }: Event): number {
  const [a, b] = (args.input_type_shape ?? []).map(shapeOf);
  const output = shapeOf(args.output_type_shape?.[0]);
  if (!a || !b) return 0;
  switch (args.op_name) {
    case "Conv":
    case "FusedConv":
      return 2 * sizeOf(output) * sizeOf(b.slice(1));
    case "ConvTranspose":
      return 2 * sizeOf(a) * sizeOf(b.slice(1));
    case "Gemm":
    case "FusedGemm":
      return (2 * sizeOf(output) * sizeOf(a)) / output[0]!;
    case "MatMul":
      return 2 * sizeOf(output) * a.at(-1)!;
    case "FusedMatMul":
      return (2 * sizeOf(output) * sizeOf(a)) / sizeOf(output.slice(0, -1));
    default:
      return 0;
  }
}

// Names are scope/Operator_number; nodes that ONNX Runtime fused say so in front.
function scopeOf(name: string): string {
  const path = name
    .replace(/^fused /, "")
    .replace(/_kernel_time$/, "")
    .split("/");
  return path.slice(0, -1).join("/") || "(no scope)";
}

function table(
  events: readonly Event[],
  runs: number,
  limit: number | undefined,
  key: (event: Event) => string,
): ProfileRow[] {
  const groups = new Map<string, { count: number; us: number; work: number; workUs: number }>();
  let total = 0;
  for (const event of events) {
    const name = key(event);
    const group = groups.get(name) ?? { count: 0, us: 0, work: 0, workUs: 0 };
    groups.set(name, group);
    const work = operations(event);
    group.count++;
    group.us += event.dur;
    group.work += work;
    if (work > 0) group.workUs += event.dur;
    total += event.dur;
  }
  const rows = [...groups].map(([name, { count, us, work, workUs }]) => {
    const gflops = workUs > 0 ? work / workUs / 1000 : undefined;
    return {
      name,
      count: Math.round(count / runs),
      ms: us / 1000 / runs,
      share: total > 0 ? us / total : 0,
      gflops,
      ofLimit: gflops === undefined || limit === undefined ? undefined : gflops / limit,
    };
  });
  return rows.sort((a, b) => b.ms - a.ms);
}

function tableText(title: string, rows: readonly ProfileRow[]): string[] {
  const width = Math.max(title.length, ...rows.map(({ name }) => name.length));
  return [
    `${title.padEnd(width)}  nodes        ms  share  GFLOPS  of limit`,
    ...rows.map(({ name, count, ms, share, gflops, ofLimit }) =>
      [
        name.padEnd(width),
        String(count).padStart(6),
        ms.toFixed(3).padStart(9),
        `${(100 * share).toFixed(1)}%`.padStart(6),
        (gflops?.toFixed(1) ?? "").padStart(7),
        (ofLimit === undefined ? "" : `${(100 * ofLimit).toFixed(0)}%`).padStart(9),
      ]
        .join(" ")
        .trimEnd(),
    ),
  ];
}

/**
 * Reads ONNX Runtime's profile of a session.
 * @param json the file's text
 * @param warmUp how many of the first runs to leave out
 * @param limit GFLOPS that the device reaches at best, if they are known
 */
export function readProfile(name: string, json: string, warmUp: number, limit?: number): Profile {
  const events = JSON.parse(json) as readonly Event[];
  const runs = events.filter((event) => event.cat === "Session" && event.name === "model_run").slice(warmUp);
  const start = Math.min(...runs.map(({ ts }) => ts));
  const nodes = events.filter(({ cat, ts, args }) => cat === "Node" && ts >= start && args.op_name);
  const ms = runs.reduce((sum, { dur }) => sum + dur, 0) / 1000 / runs.length;
  const operators = table(nodes, runs.length, limit, ({ args }) => args.op_name!);
  const scopes = table(nodes, runs.length, limit, (event) => scopeOf(event.name));
  const providers: Record<string, string[]> = {};
  for (const { args } of nodes) {
    const provider = (args.provider ?? "").replace(/ExecutionProvider$/, "").toLowerCase();
    providers[provider] ??= [];
    if (!providers[provider].includes(args.op_name!)) providers[provider].push(args.op_name!);
  }
  const elsewhere = Object.entries(providers).slice(1);
  const text = [
    `${name}: ${ms.toFixed(2)} ms a run, mean of ${runs.length}${limit === undefined ? "" : `; limit ${limit.toFixed(1)} GFLOPS`}`,
    ...elsewhere.map(([provider, names]) => `on ${provider}: ${names.join(", ")}`),
    "",
    ...tableText("operator", operators),
    "",
    ...tableText("scope", scopes),
  ].join("\n");
  const last = Math.max(...runs.map(({ ts }) => ts));
  const trace = chromeTrace(name, nodes.filter(({ ts }) => ts >= last).map(tracedNode));
  return { name, runs: runs.length, ms, operators, scopes, providers, limit, trace, text };
}

function tracedNode(event: Event): TracedNode {
  const { args, dur, ts } = event;
  const work = operations(event);
  const shapes = (list: readonly TypedShape[] = []): string =>
    list.map((typed) => `[${shapeOf(typed).join(", ")}]`).join(" ");
  return {
    name: event.name.replace(/_kernel_time$/, ""),
    operator: args.op_name!,
    scope: scopeOf(event.name),
    start: ts,
    duration: dur,
    shapes: `${shapes(args.input_type_shape)} → ${shapes(args.output_type_shape)}`,
    gflops: work > 0 && dur > 0 ? work / dur / 1000 : undefined,
  };
}

const limitSide = 1024;

/** GFLOPS of a large matrix product, with these providers and threads. */
async function measureLimit(options: SessionOptions): Promise<number> {
  const shape = [limitSide, limitSide];
  const tensor = (name: string) => ({ name, type: "float32", shape }) as const;
  const model: OnnxModel = {
    name: "limit",
    inputs: [tensor("a"), tensor("b")],
    outputs: [tensor("c")],
    initializers: [],
    nodes: [{ op: "MatMul", inputs: ["a", "b"], outputs: ["c"] }],
    opsets: { "": 18 },
  };
  const session = await Session.create(model, encodeModel(model), options);
  const matrix = new Float32Array(limitSide ** 2).fill(1 / limitSide);
  const result = new Float32Array(limitSide ** 2);
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await session.run([matrix, matrix], () => result);
    ms = Math.min(ms, performance.now() - start);
  }
  await session.dispose();
  return (2 * limitSide ** 3) / ms / 1e6;
}

const warmUpRuns = 2;
const countedRuns = 5;

/** Runs a model with these inputs and reads where the time went. */
export async function profileModel(
  model: OnnxModel,
  bytes: Uint8Array,
  inputs: readonly Elements[],
  options: SessionOptions,
): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), "jessl-profile-"));
  try {
    const session = await Session.create(model, bytes, { ...options, profilePrefix: join(folder, "run") });
    for (let i = 0; i < warmUpRuns + countedRuns; i++)
      for (const result of await session.run(inputs)) if (result instanceof Resident) result.dispose();
    session.endProfiling();
    await session.dispose();
    const [file] = await readdir(folder);
    // On a GPU the matrices' way there and back would count, so there the limit is left open.
    const limit =
      options.resident || options.providers[0] === "cuda" ? undefined : await measureLimit(options);
    return readProfile(model.name, await readFile(join(folder, file!), "utf8"), warmUpRuns, limit);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
