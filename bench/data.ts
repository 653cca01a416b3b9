/**
 * Loaders side by side: ours against torchvision's ImageFolder and FFCV's own on the same files, in turns on the same
 * cores. A turn is an epoch, or several where they are short; the ratio is the median over rounds of the peer's time over
 * ours in the same round.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { turboInstall, turboOpens } from "../src/data/turbo.js";
import { ConfigError } from "../src/support/errors.js";
import { suggestion } from "../src/support/nearest.js";
import { packageRoot } from "../src/support/package.js";
import { projectPython } from "../src/support/parts.js";
import { type Column, textTable } from "../src/support/table.js";
import type { DataOrder } from "./data-worker.js";
import { photoFiles, rawFile } from "./photos.js";
import { median, mergeBy, writeRows } from "./results.js";
import { Side } from "./side.js";
import { cpuName } from "./versions.js";

export const dataPath = join(packageRoot, "bench/data.json");

export interface DataRow {
  readonly work: DataOrder["work"];
  /** Our decoder, where there is anything to decode. */
  readonly ours: string;
  readonly peer: string;
  readonly peer_version: string;
  readonly ours_images_per_s: number;
  readonly peer_images_per_s: number;
  /** Median over alternating rounds of peer time over ours: above 1 we are faster. */
  readonly ratio: number;
  readonly batch: number;
  readonly workers: number;
  readonly rounds: number;
  readonly date: string;
  readonly cpu: string;
  readonly version: string;
}

export interface DataOptions {
  /** Names of works; all when empty. */
  readonly names: readonly string[];
  readonly rounds: number;
  readonly turnMs: number;
  /** Workers of every side that has any. */
  readonly workers: number;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

type SideName = DataOrder["side"];

interface Work {
  readonly name: DataOrder["work"];
  readonly title: string;
  readonly batch: number;
  readonly ours: readonly SideName[];
  readonly peers: readonly SideName[];
  files(): Promise<Pick<DataOrder, "beton" | "folder">>;
}

export const dataWorks: readonly Work[] = [
  {
    name: "jpg-224",
    title: "JPEG of 500 × 375 to random resized crops of 224, flipped, as floats",
    batch: 64,
    ours: ["turbo", "sharp"],
    peers: ["torchvision", "ffcv"],
    files: photoFiles,
  },
  {
    name: "raw-32",
    title: "raw images of 32 × 32 as bytes",
    batch: 256,
    ours: ["sharp"],
    peers: ["ffcv"],
    files: async () => ({ beton: await rawFile() }),
  },
];

/** The interpreter that has FFCV: JESSL_FFCV_PYTHON, as in the tests, or the project's. */
const pythonOf = (side: SideName): string =>
  side === "ffcv" ? (process.env.JESSL_FFCV_PYTHON ?? projectPython()) : projectPython();

/** Why a side cannot run here; undefined when it can. */
function missing(side: SideName): string | undefined {
  if (side === "sharp") return undefined;
  if (side === "turbo") return turboOpens() ? undefined : `npm i --no-save ${turboInstall}`;
  const python = pythonOf(side);
  if (!existsSync(python)) return `no ${python}; \`node dist/bench/setup.js\` makes one`;
  try {
    execFileSync(python, ["-c", `import torch, ${side}`], { stdio: "ignore", timeout: 120_000 });
    return undefined;
  } catch {
    const where = side === "ffcv" ? "; JESSL_FFCV_PYTHON may name one that can" : "";
    return `${python} cannot import torch and ${side}${where}`;
  }
}

interface Ready {
  readonly version: string;
  readonly images: number;
  readonly mean: number;
}

interface Runner {
  readonly name: SideName;
  readonly side: Side;
  readonly ready: Ready;
  epochs: number;
  readonly medians: number[];
}

const ourWorker = fileURLToPath(new URL("./data-worker.js", import.meta.url));
const peerWorker = join(packageRoot, "bench/peers/data_worker.py");
/** Seconds until a side is ready, and that a turn may take. */
const [patience, slack] = [600, 600];

async function start(order: DataOrder, ours: boolean): Promise<Runner> {
  const text = JSON.stringify(order);
  const command = ours
    ? { program: process.execPath, args: [ourWorker, text] }
    : { program: pythonOf(order.side), args: [peerWorker, text] };
  const { side, ready } = await Side.start<Ready>(order.side, command, patience);
  return { name: order.side, side, ready, epochs: 1, medians: [] };
}

async function turn(runner: Runner, turnMs: number): Promise<void> {
  const { ms } = await runner.side.run<{ ms: number[] }>(runner.epochs, slack);
  const middle = median(ms);
  runner.medians.push(middle);
  runner.epochs = Math.max(1, Math.min(100, Math.round(turnMs / middle)));
}

/** Sides must see the same images: the means of their pixels over an epoch agree but for the crops that were drawn. */
function check(runner: Runner, first: Runner): void {
  const { images, mean } = runner.ready;
  const expected = first.ready;
  if (images !== expected.images || Math.abs(mean - expected.mean) > 0.02 * expected.mean)
    throw new ConfigError(
      `${runner.name}: expected ${expected.images} images of mean ${expected.mean}, got ${images} of ${mean}`,
    );
}

async function measureWork(work: Work, options: DataOptions): Promise<DataRow[]> {
  const { log, rounds, turnMs, workers } = options;
  const here = (sides: readonly SideName[]): SideName[] =>
    sides.filter((side) => {
      const reason = missing(side);
      if (reason) log(`  ${side} is left out: ${reason}`);
      return reason === undefined;
    });
  const [ours, peers] = [here(work.ours), here(work.peers)];
  if (peers.length === 0) return [];
  const files = await work.files();
  const runners: Runner[] = [];
  try {
    for (const side of [...ours, ...peers]) {
      log(`  starting ${side}`);
      const order = { work: work.name, side, ...files, batch: work.batch, workers };
      const runner = await start(order, ours.includes(side));
      runners.push(runner);
      check(runner, runners[0]!);
    }
    // A first round finds out how many epochs make a turn; it does not count.
    for (let round = 0; round <= rounds && !options.signal?.aborted; round++) {
      for (const runner of runners) await turn(runner, turnMs);
      if (round === 0) for (const runner of runners) runner.medians.length = 0;
      else
        log(
          `  round ${round}/${rounds}: ${runners.map(({ name, medians, ready }) => `${name} ${Math.round((1000 * ready.images) / medians.at(-1)!)}/s`).join(", ")}`,
        );
    }
  } finally {
    await Promise.all(runners.map(({ side }) => side.stop()));
  }
  const rate = ({ medians, ready }: Runner): number => (1000 * ready.images) / median(medians);
  const date = new Date().toISOString();
  return runners.slice(0, ours.length).flatMap((us) =>
    runners.slice(ours.length).map((peer) => ({
      work: work.name,
      ours: work.name === "raw-32" ? "" : us.name,
      peer: peer.name,
      peer_version: peer.ready.version,
      ours_images_per_s: Math.round(rate(us)),
      peer_images_per_s: Math.round(rate(peer)),
      ratio: Number(median(peer.medians.map((ms, i) => ms / us.medians[i]!)).toPrecision(4)),
      batch: work.batch,
      workers,
      rounds: peer.medians.length,
      date,
      cpu: cpuName(),
      version: us.ready.version,
    })),
  );
}

const columns: readonly Column[] = [
  { title: "work", align: "left" },
  { title: "decoder", align: "left" },
  { title: "ours, images/s" },
  { title: "peer", align: "left" },
  { title: "its images/s" },
  { title: "ratio" },
];

/** Measures the loaders, prints a table and saves the rows of the works that were measured. */
export async function benchData(options: DataOptions): Promise<DataRow[]> {
  const { names, log } = options;
  for (const name of names)
    if (!dataWorks.some((work) => work.name === name))
      throw new ConfigError(
        `unknown work ${name}: ${suggestion(
          name,
          dataWorks.map((work) => work.name),
        )}`,
      );
  const rows: DataRow[] = [];
  for (const work of dataWorks.filter(({ name }) => names.length === 0 || names.includes(name))) {
    if (options.signal?.aborted) break;
    log(`${work.title} (${work.name})`);
    rows.push(...(await measureWork(work, options)));
  }
  if (rows.length === 0 || options.signal?.aborted) return rows;
  const text = (value: number): string => value.toLocaleString("en");
  log(
    `\n${textTable(
      columns,
      rows.map((row) => [
        row.work,
        row.ours,
        text(row.ours_images_per_s),
        row.peer,
        text(row.peer_images_per_s),
        row.ratio.toPrecision(3),
      ]),
    )}`,
  );
  const known = existsSync(dataPath) ? (JSON.parse(readFileSync(dataPath, "utf8")) as DataRow[]) : [];
  writeRows(
    dataPath,
    mergeBy(known, rows, ({ work, ours, peer, cpu }) => [work, ours, peer, cpu]),
  );
  return rows;
}
