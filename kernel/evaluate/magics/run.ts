/** What the magics do. Each prints like a cell does; an unknown one names those that there are. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { interruptDescendants } from "../../support/descendants.js";
import { type CellContext, InterruptError } from "../context.js";
import type { Link } from "../link.js";
import { magicNames } from "./names.js";
import type { Magic } from "./parse.js";

/** What a magic needs of the kernel. */
export interface MagicSurroundings {
  link: Link;
  folder: string;
  cell: CellContext;
  inspect(name: string): Promise<{ data: { [type: string]: unknown } } | undefined>;
  /** Shows text in the front end's pager. */
  page(data: { [type: string]: unknown }): void;
}

/** Runs a line magic. */
export async function runLineMagic({ name, argument }: Magic, around: MagicSurroundings): Promise<void> {
  switch (name) {
    case "?": {
      const found = await around.inspect(argument);
      if (found === undefined) throw new Error(`?${argument}: nothing of that name is known here`);
      around.page(found.data);
      return;
    }
    case "%env":
      return environment(argument, around.link);
    case "%install":
      return install(argument, around);
    case "%memory":
      around.link.print("stdout", `${memory()}\n`);
      return;
    case "%lsmagic":
      around.link.print("stdout", `${magicNames.join(" ")} ?name\n`);
      return;
    default:
      throw unknown(name);
  }
}

/** Runs a cell magic that is no wrapper of TypeScript code. */
export async function runCellMagic(
  { name, argument }: Magic,
  body: string,
  around: MagicSurroundings,
): Promise<void> {
  if (name !== "%%bash") throw unknown(name);
  const words = argument === "" ? [] : argument.split(/\s+/);
  await run("bash", ["-s", "--", ...words], body, around, "%%bash");
}

/** The error for a magic that does not exist. */
export function unknown(name: string): Error {
  const error = new Error(`${name}: expected one of ${magicNames.join(", ")}, ?name`);
  error.name = "UnknownMagicError";
  return error;
}

function environment(argument: string, link: Link): void {
  const pair = /^(\w+)(?:\s*=\s*|\s+)(.*)$/s.exec(argument);
  if (pair !== null) {
    process.env[pair[1]!] = pair[2];
    link.print("stdout", `${pair[1]}=${pair[2]}\n`);
  } else if (argument === "") {
    const lines = Object.entries(process.env).map(([name, value]) => `${name}=${value}\n`);
    link.print("stdout", lines.sort().join(""));
  } else {
    const value = process.env[argument];
    if (value === undefined) throw new Error(`%env: ${argument} is not set`);
    link.print("stdout", `${value}\n`);
  }
}

async function install(argument: string, around: MagicSurroundings): Promise<void> {
  const names = argument.split(/\s+/).filter((name) => name !== "");
  if (names.length === 0) throw new Error("%install: expected a package, such as %install simple-statistics");
  const odd = names.find((name) => name.startsWith("-"));
  if (odd !== undefined) throw new Error(`%install: expected the names of packages, got ${odd}`);
  // Node's own npm lies beside it; npm of the path otherwise.
  const beside = join(process.execPath, "..", "..", "lib", "node_modules", "npm", "bin", "npm-cli.js");
  const [command, first] = existsSync(beside) ? [process.execPath, [beside]] : ["npm", []];
  const options = ["install", "--no-audit", "--no-fund", "--prefix", around.folder];
  await run(command, [...first, ...options, ...names], "", around, "%install");
}

function memory(): string {
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const limit = getHeapStatistics().heap_size_limit;
  return [
    `process ${megabytes(rss)}`,
    `heap ${megabytes(heapUsed)} of at most ${megabytes(limit)}`,
    `external ${megabytes(external)} (buffers ${megabytes(arrayBuffers)})`,
    ...devices(megabytes),
  ].join(", ");
}

// What the library says that it has on each device.
function devices(megabytes: (bytes: number) => string): string[] {
  const known = (globalThis as { [key: symbol]: unknown })[Symbol.for("jessl.device")];
  if (!(known instanceof Map)) return [];
  return [...(known as Map<string, { programs: number; bytes: number }>)]
    .filter(([, { programs, bytes }]) => programs > 0 || bytes > 0)
    .map(([name, { programs, bytes }]) => {
      const count = `${programs} program${programs === 1 ? "" : "s"}`;
      return `device ${name}: ${count}${bytes > 0 ? ` and tensors of ${megabytes(bytes)}` : ""}`;
    });
}

async function run(
  command: string,
  args: string[],
  stdin: string,
  { link, folder, cell }: MagicSurroundings,
  name: string,
): Promise<void> {
  const child = spawn(command, args, { cwd: folder, stdio: "pipe" });
  child.stdout.setEncoding("utf8").on("data", (text: string) => link.print("stdout", text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => link.print("stderr", text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  // As at a terminal, where the whole group hears of it; what does not listen is ended.
  let patience: NodeJS.Timeout | undefined;
  const stop = () => {
    if (child.pid !== undefined) interruptDescendants(child.pid);
    child.kill("SIGINT");
    patience = setTimeout(() => child.kill("SIGKILL"), 2000);
  };
  cell.signal.addEventListener("abort", stop);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) => resolve(status ?? signal ?? 1));
    });
    if (cell.signal.aborted) throw new InterruptError();
    if (code !== 0) throw new Error(`${name}: ended with ${code}`);
  } finally {
    cell.signal.removeEventListener("abort", stop);
    clearTimeout(patience);
  }
}
