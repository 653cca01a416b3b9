/**
 * Measures one work: all sides are started and warmed up, then they take turns, round after round, while the others are
 * idle. The ratio to a peer is the median over rounds of its time over ours in the same round, so that a machine whose
 * speed drifts, as shared ones do, moves both alike.
 */
import type { DeviceName } from "../src/engine/run/device.js";
import { flopsOf } from "./flops.js";
import { gemmFlops } from "./gemm.js";
import { createProgram } from "./program.js";
import { median, type Row } from "./results.js";
import { Side } from "./side.js";
import { gemmCommand, ourCommand, type Peer } from "./sides.js";
import { cpuName } from "./versions.js";
import type { Answer, Ready } from "./worker.js";
import type { Work } from "./works.js";

export interface MeasureOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly device: DeviceName;
  /** About how long a side's turn lasts, in milliseconds; a step that is longer is run once. */
  readonly turnMs: number;
  readonly log: (line: string) => void;
}

export interface Measured {
  readonly rows: Row[];
  /** Peers that could not run the work, with the reason. */
  readonly failed: readonly { peer: string; reason: string }[];
}

interface Runner {
  readonly side: Side;
  readonly ready: Ready;
  readonly once: boolean;
  steps: number;
  readonly medians: number[];
  last?: Answer;
}

/** A turn may take so much longer than it should before its worker is given up. */
const slack = 600;

async function start(name: string, work: Work, peer: Peer, options: MeasureOptions): Promise<Runner> {
  options.log(`  starting ${name}`);
  const command = peer.command(work, options.threads);
  const { side, ready } = await Side.start(name, command, peer.patience);
  return { side, ready, once: peer.once ?? false, steps: 1, medians: [] };
}

async function turn(runner: Runner, turnMs: number): Promise<void> {
  const answer = await runner.side.run(runner.steps, slack);
  const ms = median(answer.ms);
  runner.medians.push(ms);
  runner.last = answer;
  runner.steps = Math.max(1, Math.min(50, Math.round(turnMs / ms)));
}

const always = { takesPart: () => true, missing: () => undefined, warmUp: 3, patience: 600 };

/** @throws SideError when our own side fails */
export async function measure(
  work: Work,
  peers: readonly Peer[],
  options: MeasureOptions,
): Promise<Measured> {
  const { threads, device, rounds, turnMs, log } = options;
  const flops = flopsOf(createProgram(work));
  const runners: Runner[] = [];
  const failed: { peer: string; reason: string }[] = [];
  const stopAll = () => Promise.all(runners.map(({ side }) => side.stop()));
  try {
    const us = { ...always, name: "jessl", command: () => ourCommand(work, threads, device) };
    const ours = await start("jessl", work, us, options);
    runners.push(ours);
    const gemm = await start(
      "gemm",
      work,
      { ...always, name: "gemm", command: () => gemmCommand(threads) },
      options,
    );
    runners.push(gemm);
    for (const peer of peers)
      try {
        const runner = await start(peer.name, work, peer, options);
        runners.push(runner);
        if (runner.ready.parameters !== ours.ready.parameters)
          throw new Error(
            `expected ${ours.ready.parameters} parameters as on our side, got ${runner.ready.parameters}`,
          );
      } catch (error) {
        failed.push({ peer: peer.name, reason: (error as Error).message });
      }
    const healthy = new Set(runners.filter(({ side }) => !failed.some(({ peer }) => peer === side.name)));
    // A first round finds out how many steps make a turn; it does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const runner of healthy) {
        if (runner.once && round > 1) continue;
        try {
          if (round === 0 && runner.once) continue;
          await turn(runner, turnMs);
          if (round === 0) runner.medians.length = 0;
        } catch (error) {
          if (runner === ours || runner === gemm) throw error;
          healthy.delete(runner);
          failed.push({ peer: runner.side.name, reason: (error as Error).message });
        }
      }
      if (round > 0) log(`  round ${round}/${rounds}: ${[...healthy].map(describe).join(", ")}`);
    }
    const gemmGflops = gemmFlops / median(gemm.medians) / 1e6;
    const date = new Date().toISOString();
    const oursMs = median(ours.medians);
    const rows = [...healthy]
      .filter((runner) => runner !== ours && runner !== gemm)
      .map(
        (runner): Row => ({
          work: work.name,
          device,
          ours_ms: round(oursMs),
          peer: runner.side.name,
          peer_version: runner.ready.version,
          peer_ms: round(median(runner.medians)),
          ratio: round(median(runner.medians.map((ms, i) => ms / ours.medians[i]!))),
          gflops: round(flops / oursMs / 1e6),
          gemm_gflops: round(gemmGflops),
          peak_mb: Math.round(ours.last!.peakMb),
          peer_peak_mb: Math.round(runner.last!.peakMb),
          idle_mb: Math.round(ours.ready.idleMb),
          peer_idle_mb: Math.round(runner.ready.idleMb),
          date,
          cpu: cpuName(),
          threads,
          rounds: runner.medians.length,
          version: ours.ready.version,
          first_ms: round(ours.ready.firstMs),
          peer_first_ms: round(runner.ready.firstMs),
        }),
      );
    return { rows, failed };
  } finally {
    await stopAll();
  }
}

function describe({ side, medians }: Runner): string {
  return `${side.name} ${medians.at(-1)?.toFixed(1) ?? "–"} ms`;
}

/** Four significant digits. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
