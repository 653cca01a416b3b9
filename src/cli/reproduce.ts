/** `jessl reproduce`: claims rerun, their tables and verdicts printed, results and figures written. */
import { existsSync, mkdirSync } from "node:fs";
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
      "run nothing: put the results that --out holds, with figures, into the project and its READMEs (for those who develop it)",
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
  if (options.record) return recordHeld(chosen, { ...options, profile });
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

interface Place {
  readonly out: string;
  readonly profile: ProfileName;
}

/** The folder of a claim's results, and the file of the rows, which the claims share. */
function placeOf({ name }: Protocol, { out, profile }: Place) {
  return { profile, folder: join(out, `${name}-${profile}`), rows: join(out, "rows.jsonl") };
}

async function recordHeld(chosen: readonly Protocol[], place: Place): Promise<void> {
  const { heldResults, protocols, record, recordSummary } = await import("../../reproductions/index.js");
  for (const protocol of chosen) {
    const results = await heldResults(protocol, placeOf(protocol, place));
    await record({ protocol, results });
    const { partial, provenance, verdict } = results;
    const part = partial ? `, ${partial.known} of ${partial.of} encoders` : "";
    process.stdout.write(
      `${protocol.name} (${provenance.profile}${part}), made at ${provenance.commit}: ${verdict}\n`,
    );
  }
  recordSummary(protocols);
}

async function writeReport(fresh: readonly Reported[], out: string): Promise<void> {
  const { htmlReport, markdownReport } = await import("../../reproductions/index.js");
  const reports = await besideOthers(fresh, out);
  writeFileAtomic(join(out, "report.html"), await htmlReport(reports));
  const parts = reports.map((report) => `## ${report.protocol.name}\n\n${markdownReport(report)}\n`);
  writeFileAtomic(join(out, "report.md"), `# Claims, rerun\n\n${parts.join("\n")}`);
  process.stdout.write(`\nReport: ${join(out, "report.html")}\n`);
}

/** Results and, beside them, those of the claim's other profile: the folder's own or else the recorded ones. */
async function besideOthers(fresh: readonly Reported[], out: string): Promise<Reported[]> {
  const { readResults, recorded, recordedProfiles } = await import("../../reproductions/index.js");
  return fresh.flatMap((report) => {
    const { protocol } = report;
    const own = report.results.provenance.profile;
    const others = recordedProfiles.filter((profile) => profile !== own && own !== "smoke");
    return [
      report,
      ...others.flatMap((profile) => {
        const path = join(placeOf(protocol, { out, profile }).folder, "results.json");
        if (existsSync(path)) return [{ protocol, results: readResults(path) }];
        return recorded(protocol).filter(({ results }) => results.provenance.profile === profile);
      }),
    ];
  });
}

async function redrawRecorded(chosen: readonly Protocol[]): Promise<void> {
  const { protocols, recorded, recordSummary, redraw } = await import("../../reproductions/index.js");
  for (const protocol of chosen.filter((one) => recorded(one).length > 0)) await redraw(protocol);
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
  const { profile, onlyKnown = false } = options;
  const { concludeKnown, reproduce, writeOutcome } = await import("../../reproductions/index.js");
  const place = placeOf(protocol, options);
  process.stdout.write(`\n${protocol.name}: ${protocol.claim}\n${protocol.scale[profile]}\n\n`);
  const known = async () => {
    const outcome = await concludeKnown(protocol, place);
    await writeOutcome(outcome, place.folder);
    return outcome;
  };
  const { results, conclusion } = await interruptible(
    "Stopping after this step. Press Ctrl-C again to exit at once.",
    (signal) => (onlyKnown ? known() : reproduce(protocol, { ...place, signal, showProgress: true })),
  ).catch((error: unknown) => {
    if ((error as Error).name !== "ReproductionInterrupted") throw error;
    process.stderr.write("Stopped. What is done is kept; run the same command again to go on.\n");
    throw new Interrupted();
  });
  const { columns, rows } = conclusion.table;
  const titles = columns.map((title, i) => ({ title, ...(i === 0 && { align: "left" as const }) }));
  process.stdout.write(`\n${textTable(titles, rows)}\n\n`);
  for (const finding of conclusion.findings) process.stdout.write(`- ${finding}\n`);
  const { partial, verdict } = results;
  const part = partial ? `, from ${partial.known} of ${partial.of} encoders` : "";
  process.stdout.write(`Verdict${part}: ${verdict}.\n`);
  return results;
}
