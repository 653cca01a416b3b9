/** Who takes part: our side, the peers, and how each is started for a work. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeviceName } from "../src/engine/run/device.js";
import { findTensorflow } from "../src/engine/run/tensorflow/find.js";
import { packageRoot, packageVersion } from "../src/support/package.js";
import { projectPython } from "../src/support/parts.js";
import { recipe } from "./program.js";
import type { Command } from "./side.js";
import type { Order } from "./worker.js";
import type { Work } from "./works.js";

export interface Peer {
  readonly name: string;
  /** Steps that are run before it is measured. */
  readonly warmUp: number;
  /** Seconds that it may take until it is ready, compilation included. */
  readonly patience: number;
  /** It is so slow that one round has to do. */
  readonly once?: boolean;
  /** Whether it takes part in a work without being asked for. */
  takesPart(work: Work): boolean;
  /** Why it cannot run here; undefined when it can. */
  missing(): string | undefined;
  command(work: Work, threads: number): Command;
}

const worker = fileURLToPath(new URL("./worker.js", import.meta.url));

function node(order: Order): Command {
  return { program: process.execPath, args: [worker, JSON.stringify(order)] };
}

export function ourCommand(work: Work, threads: number, device: DeviceName): Command {
  return node({ kind: "jit", work, threads, device, warmUp: 3 });
}

/** The matrix product that shows the machine's peak. */
export function gemmCommand(threads: number): Command {
  return node({ kind: "gemm", threads, warmUp: 3 });
}

let torch: string | undefined | null = null;

function torchMissing(): string | undefined {
  if (torch !== null) return torch;
  const python = projectPython();
  torch = undefined;
  if (!existsSync(python)) torch = "no .venv with PyTorch; `node dist/bench/setup.js` makes one";
  else
    try {
      execFileSync(python, ["-c", "import torch, torchvision"], { stdio: "ignore", timeout: 120_000 });
    } catch {
      torch = `${python} cannot import torch and torchvision; \`node dist/bench/setup.js\` installs them`;
    }
  return torch;
}

function torchPeer(variant: "default" | "channels_last" | "compile"): Peer {
  return {
    name: `pytorch ${variant}`,
    warmUp: 3,
    patience: 600,
    takesPart: () => true,
    missing: torchMissing,
    command: (work, threads) => ({
      program: projectPython(),
      args: [
        join(packageRoot, "bench/peers/torch_worker.py"),
        JSON.stringify({ work, recipe, variant, threads, warmUp: 3 }),
      ],
      env: { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) },
    }),
  };
}

/** The backends' steps are slow: a peer of one work is enough. */
function tfjsPeer(
  backend: string,
  options: Pick<Peer, "warmUp" | "missing"> & Partial<Pick<Peer, "once" | "takesPart">>,
): Peer {
  return {
    name: `tfjs ${backend}`,
    patience: 600,
    takesPart: ({ name }) => name === "convnet" || name === "convnet-2",
    ...options,
    command: (work, threads) => ({
      ...node({ kind: "eager", work, threads, backend, warmUp: options.warmUp }),
      env: { OMP_NUM_THREADS: String(threads) },
    }),
  };
}

/** Our own side with threads that behave otherwise; the ratio says what the default gains over it. */
function ownPeer(name: string, env: Command["env"] & object): Peer {
  return {
    ...{ name, warmUp: 3, patience: 600, takesPart: () => false, missing: () => undefined },
    command: (work, threads) => ({ ...ourCommand(work, threads, "cpu"), env }),
  };
}

const wasmPackage = "@tensorflow/tfjs-backend-wasm";

export const peers: readonly Peer[] = [
  torchPeer("default"),
  torchPeer("channels_last"),
  torchPeer("compile"),
  tfjsPeer("tensorflow", {
    warmUp: 2,
    missing: () => (findTensorflow() ? undefined : "not installed; `jessl install tensorflow` brings it"),
  }),
  // It has no gradient of convolutions by their filters, so it cannot train.
  tfjsPeer("wasm", {
    warmUp: 1,
    takesPart: ({ task }) => task === "inference",
    missing: () =>
      packageVersion(wasmPackage)
        ? undefined
        : `not installed; \`npm i --no-save ${wasmPackage}@4.22.0\` brings it`,
  }),
  tfjsPeer("cpu", {
    warmUp: 1,
    once: true,
    takesPart: ({ name }) => name === "convnet-2",
    missing: () => undefined,
  }),
  ownPeer("jessl without spinning", { JESSL_SPINNING: "off" }),
  ownPeer("jessl with affinity", { JESSL_AFFINITY: "on" }),
];
