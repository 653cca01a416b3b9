/**
 * Runs the bench: each work against the peers that are here, each work's rows saved as soon as it is done, so that an
 * interrupted run can be continued.
 */
import type { DeviceName } from "../src/engine/run/device.js";
import { ConfigError } from "../src/support/errors.js";
import { suggestion } from "../src/support/nearest.js";
import { measure } from "./measure.js";
import { type Row, readResults, saveRows } from "./results.js";
import { type Peer, peers } from "./sides.js";
import { benchTable } from "./table.js";
import { cpuName } from "./versions.js";
import { type Work, works } from "./works.js";

export interface BenchOptions {
  /** Names of works; all when empty. */
  readonly names: readonly string[];
  /** Names of peers, or beginnings of them; by default those that belong to a work and are here. */
  readonly peers?: readonly string[];
  readonly rounds: number;
  readonly threads: number;
  readonly device: DeviceName;
  readonly turnMs: number;
  /** Leaves out comparisons that were made on this processor in the last day. */
  readonly continue: boolean;
  readonly out: string;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

/** The works of these names. @throws ConfigError when one is unknown */
export function findWorks(names: readonly string[]): readonly Work[] {
  if (names.length === 0) return works;
  return names.map((name) => {
    const work = works.find((candidate) => candidate.name === name);
    if (work) return work;
    const known = [...works.map((candidate) => candidate.name), "scaling", "views", "data"];
    throw new ConfigError(`unknown work ${name}: ${suggestion(name, known)}`);
  });
}

function findPeers(work: Work, wanted: readonly string[] | undefined, log: BenchOptions["log"]): Peer[] {
  if (wanted)
    for (const name of wanted)
      if (!peers.some((peer) => peer.name.startsWith(name)))
        throw new ConfigError(
          `unknown peer ${name}: ${suggestion(
            name,
            peers.map((peer) => peer.name),
          )}`,
        );
  return peers.filter((peer) => {
    const chosen = wanted ? wanted.some((name) => peer.name.startsWith(name)) : peer.takesPart(work);
    const reason = chosen ? peer.missing() : undefined;
    if (reason) log(`  ${peer.name} is left out: ${reason}`);
    return chosen && reason === undefined;
  });
}

const day = 24 * 3600 * 1000;

/** Measures and saves; gives the new rows. */
export async function runBench(options: BenchOptions): Promise<Row[]> {
  const { log, out, device } = options;
  const cpu = cpuName();
  const all: Row[] = [];
  for (const work of findWorks(options.names)) {
    if (options.signal?.aborted) break;
    log(`${work.title} (${work.name})`);
    const since = new Date(Date.now() - day).toISOString();
    const done = readResults(out).filter(
      (row) => row.work === work.name && row.device === device && row.cpu === cpu && row.date > since,
    );
    const here = findPeers(work, options.peers, log).filter(
      ({ name }) => !options.continue || !done.some(({ peer }) => peer === name),
    );
    if (here.length === 0) {
      log("  nothing to do");
      continue;
    }
    const { rows, failed } = await measure(work, here, options);
    for (const { peer, reason } of failed) log(`  ${peer} did not run: ${reason}`);
    saveRows(rows, out);
    all.push(...rows);
    log(`\n${benchTable(rows)}\n`);
  }
  return all;
}

/** The works, and the peers with what is missing of each. */
export function listing(): string {
  return [
    "works:",
    ...works.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`),
    "peers:",
    ...peers.map((peer) => `  ${peer.name.padEnd(18)} ${peer.missing() ?? "is here"}`),
  ].join("\n");
}
