/** `jessl reproduce`: claims rerun, their tables and verdicts printed, results and figures written. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import type { ProfileName, Protocol, Reported } from "../../reproductions/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import { suggestion } from "../support/nearest.js";
import { formatSeconds } from "../support/progress.js";
import { textTable } from "../support/table.js";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";

interface ReproduceCommandOptions {
  readonly profile: ProfileName | "paper";
  readonly out: string;
  readonly list?: boolean;
  readonly report?: boolean;
  readonly record?: boolean;
  readonly redraw?: boolean;
  readonly known?: boolean;
  readonly data?: readonly string[];
}

export function reproduceCommand(): Command {
  return new Command("reproduce")
    .description("Rerun the paper's claims, print a table and a verdict for each, write results and figures.")
    .argument("[claims...]", "which; all of them by default (see --list)")
    .addOption(
      new Option(
        "--profile <profile>",
        "how much: smoke (seconds), quick (minutes) or full (hours); paper writes its configurations, for jessl train",
      )
        .choices(["smoke", "quick", "full", "paper"])
        .default("quick"),
    )
    .option(
      "--out <folder>",
      "where results go; what is there already is not run again",
      "runs/reproductions",
    )
    .option(
      "--data <name=folder...>",
      "where a data set's files are: cifar10=FOLDER, the binary files or train/<class>/ and test/<class>/ with images",
    )
    .option("--report", "also write report.html, one page of all of them, and report.md")
    .option(
      "--record",
      "copy results and figures into the project, and its READMEs (for those who develop it)",
    )
    .option(
      "--known",
      "run nothing: conclude from the rows that are known, of a run that has not come to its end",
    )
    .option(
      "--redraw",
      "run nothing: draw the figures and tables of the recorded results anew (for those who develop it)",
    )
    .option("--list", "print the claims and their rules, and do nothing else")
    .addHelpText(
      "after",
      "\nExamples:\n  jessl reproduce                                   every claim, in minutes\n  jessl reproduce small-batches --profile smoke     does it run?\n  jessl reproduce small-batches --profile full      hours; Ctrl-C and the same command again go on\n  jessl reproduce --list",
    )
    .action(reproduceClaims);
}

async function reproduceClaims(names: string[], options: ReproduceCommandOptions): Promise<void> {
  for (const place of options.data ?? []) nameFolder(place);
  const { protocols } = await import("../../reproductions/index.js");
  const known = protocols.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name)) throw new ConfigError(`claim ${name}: unknown; ${suggestion(name, known)}`);
  const chosen = protocols.filter(({ name }) => names.length === 0 || names.includes(name));
  if (options.list) return list(chosen);
  if (options.redraw) return redrawRecorded(chosen);
  const { profile } = options;
  if (profile === "paper") return writePaper(chosen, options.out);
  const began = performance.now();
  const verdicts: string[][] = [];
  const reports: Reported[] = [];
  for (const protocol of chosen) {
    const results = await reproduceOne(protocol, {
      out: options.out,
      profile,
      onlyKnown: options.known ?? false,
    });
    reports.push({ protocol, results });
    verdicts.push([protocol.name, results.verdict, formatSeconds(results.provenance.seconds)]);
  }
  if (options.report) await writeReport(reports, options.out);
  if (options.record) {
    const { record, recordSummary } = await import("../../reproductions/index.js");
    for (const report of reports) await record(report, folderOf(report.protocol, { ...options, profile }));
    recordSummary(protocols);
  }
  const columns = [{ title: "claim" }, { title: "verdict", align: "left" as const }, { title: "time" }];
  const took = formatSeconds((performance.now() - began) / 1000);
  process.stdout.write(
    `\n${textTable(columns, verdicts)}\n\nProfile ${options.profile}, ${took}. Results and figures: ${options.out}\n`,
  );
}

/** `cifar10=FOLDER`, as JESSL_CIFAR10 would say it. */
function nameFolder(place: string): void {
  const match = /^(cifar10|cifar100)=(.+)$/s.exec(place);
  if (!match) throw new ConfigError(`--data ${place}: expected cifar10=FOLDER or cifar100=FOLDER`);
  process.env[`JESSL_${match[1]!.toUpperCase()}`] = match[2];
}

function folderOf(
  { name }: Protocol,
  { out, profile }: { readonly out: string; readonly profile: ProfileName },
): string {
  return join(out, `${name}-${profile}`);
}

async function writeReport(reports: readonly Reported[], out: string): Promise<void> {
  const { htmlReport, markdownReport } = await import("../../reproductions/index.js");
  writeFileAtomic(join(out, "report.html"), await htmlReport(reports));
  const parts = reports.map((report) => `## ${report.protocol.name}\n\n${markdownReport(report)}\n`);
  writeFileAtomic(join(out, "report.md"), `# Claims, rerun\n\n${parts.join("\n")}`);
  process.stdout.write(`\nReport: ${join(out, "report.html")}\n`);
}

async function redrawRecorded(chosen: readonly Protocol[]): Promise<void> {
  const { isRecorded, protocols, recordSummary, redraw } = await import("../../reproductions/index.js");
  for (const protocol of chosen.filter(isRecorded)) await redraw(protocol);
  recordSummary(protocols);
}

/** The experiments at the paper's size, as files for jessl train. */
async function writePaper(chosen: readonly Protocol[], out: string): Promise<void> {
  const { paperYaml } = await import("../../reproductions/index.js");
  for (const protocol of chosen)
    for (const run of protocol.paper ?? []) {
      const path = join(out, `${protocol.name}-paper`, `${run.name}.yaml`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileAtomic(path, paperYaml(protocol, run));
      process.stdout.write(`jessl train ${path}\n`);
    }
}

function list(protocols: readonly Protocol[]): void {
  for (const { name, claim, link, rule, scale } of protocols)
    process.stdout.write(
      `${name}\n  claim: ${claim}\n  paper: ${link}\n  rule: ${rule}\n  scale of quick: ${scale.quick}\n  scale of full: ${scale.full}\n\n`,
    );
}

/** Runs one claim, and prints its table, findings and verdict. */
export async function reproduceOne(
  protocol: Protocol,
  options: { readonly out: string; readonly profile: ProfileName; readonly onlyKnown?: boolean },
) {
  const { profile, out, onlyKnown = false } = options;
  const { reproduce } = await import("../../reproductions/index.js");
  const folder = folderOf(protocol, { out, profile });
  process.stdout.write(`\n${protocol.name}: ${protocol.claim}\n${protocol.scale[profile]}\n\n`);
  const { results, conclusion } = await interruptible(
    "Stopping after this step. Press Ctrl-C again to exit at once.",
    (signal) =>
      reproduce(protocol, {
        profile,
        folder,
        rows: join(out, "rows.jsonl"),
        signal,
        onlyKnown,
        showProgress: true,
      }),
  ).catch((error: unknown) => {
    if ((error as Error).name !== "ReproductionInterrupted") throw error;
    process.stderr.write("Stopped. What is done is kept; run the same command again to go on.\n");
    throw new Interrupted();
  });
  const { columns, rows } = conclusion.table;
  const titles = columns.map((title, i) => ({ title, ...(i === 0 && { align: "left" as const }) }));
  process.stdout.write(`\n${textTable(titles, rows)}\n\n`);
  for (const finding of conclusion.findings) process.stdout.write(`- ${finding}\n`);
  process.stdout.write(`Verdict: ${results.verdict}.\n`);
  return results;
}
