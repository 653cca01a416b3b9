/**
 * Runs that have not come to their end: what is known of them is concluded from, never as if it were all, by this code
 * or by newer code, and recorded beside the results of other profiles without any training.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { heldResults, protocols, record, recorded, reproduce } from "../../reproductions/index.js";
import { noiseOnly } from "../../reproductions/noise-only/protocol.js";
import type { Protocol } from "../../reproductions/support/protocol.js";
import { writeResults } from "../../reproductions/support/reproduce.js";
import { fakeLaboratory } from "./fake-laboratory.js";

const code = vi.hoisted(() => ({ other: "" }));

vi.mock("../../reproductions/support/code.js", async (original) => {
  const actual = await original<typeof import("../../reproductions/support/code.js")>();
  return { ...actual, codeHash: () => (code.other === "" ? actual.codeHash() : code.other) };
});

const each = protocols.flatMap((protocol) =>
  (["smoke", "quick", "full"] as const).map((profile) => ({ name: protocol.name, profile, protocol })),
);

test.each(each)("$name, $profile: asks for as many encoders as it said", async ({ protocol, profile }) => {
  const { laboratory, asked, expected } = fakeLaboratory();
  await protocol.run(laboratory, profile);
  expect(asked.length).toBe(expected());
  expect(asked.some(({ beside }) => !beside)).toBe(true);
});

test.each(each)("$name, $profile: concludes from any beginning", async ({ protocol, profile }) => {
  const whole = fakeLaboratory();
  await protocol.run(whole.laboratory, profile);
  const first = whole.asked.findIndex(
    ({ condition }) => !/^(tuning|raw|untrained|supervised)/.test(condition),
  );
  const step = Math.ceil((whole.asked.length - first) / 40);
  for (let known = first + 1; known <= whole.asked.length; known += step) {
    const { laboratory, rows } = fakeLaboratory(known);
    await protocol.run(laboratory, profile);
    const { findings, figures } = protocol.conclude(rows, profile);
    expect(`${findings.join()} ${JSON.stringify(figures)}`).not.toMatch(/undefined|data:image/);
  }
});

/** A protocol whose experiments are noise-only's of `smoke`, under the name of another profile. */
const small: Protocol = { ...noiseOnly, run: (laboratory) => noiseOnly.run(laboratory, "smoke") };

describe("a run on disk", () => {
  let made: string;

  const folderOf = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-partial-"));
    onTestFinished(() => {
      code.other = "";
      rmSync(folder, { recursive: true });
    });
    return folder;
  };

  /** A copy of the run's rows, or of the first of them. */
  const runWith = (rows: number): string => {
    const folder = folderOf();
    const lines = readFileSync(join(made, "rows.jsonl"), "utf8").trim().split("\n").slice(0, rows);
    writeFileSync(join(folder, "rows.jsonl"), lines.map((line) => `${line}\n`).join(""));
    return folder;
  };

  /** A claim's folder, with the markers in its README. */
  const project = (): string => {
    const folder = folderOf();
    writeFileSync(join(folder, "README.md"), "<!-- results:begin -->\n<!-- results:end -->\n");
    return folder;
  };

  const held = (folder: string) => heldResults(small, { profile: "full", folder });

  beforeAll(async () => {
    made = mkdtempSync(join(tmpdir(), "jessl-partial-"));
    await reproduce(small, { profile: "full", folder: made });
    return () => rmSync(made, { recursive: true });
  }, 180_000);

  test("the whole of it: as it was written, from its rows and from results.json alone", async () => {
    const written = await held(made);
    expect(written.partial).toBeUndefined();
    const fromRows = await held(runWith(99));
    expect(fromRows).toEqual(written);
    const folder = folderOf();
    copyFileSync(join(made, "results.json"), join(folder, "results.json"));
    expect(await held(folder)).toEqual(written);
  });

  test("part of it says so, and decides nothing unless what is missing stands beside the claim", async () => {
    const all = (await held(made)).rows.length + (await held(made)).controls.length;
    const cut = await held(runWith(5));
    expect(cut.partial).toEqual({ known: 5, of: all });
    const withoutLast = await held(runWith(all - 1));
    expect(withoutLast.partial).toEqual({ known: all - 1, of: all });
    expect(withoutLast.findings).toEqual((await held(made)).findings);
    await expect(held(runWith(2))).rejects.toThrow("expected trainings of noise-only");
  });

  test("newer code takes the rows for what they are, and says what made them", async () => {
    const { provenance } = await held(made);
    const folder = runWith(6);
    code.other = "0123456789abcdef";
    const { partial, provenance: later } = await held(folder);
    expect(partial!.known).toBe(6);
    expect(later.code).toBe(provenance.code);
    expect(later.commit).toBe(provenance.commit);
  });

  test("recorded beside quick: both are in the README, each with its figures", async () => {
    const target = project();
    const results = await held(made);
    writeResults(
      { ...results, provenance: { ...results.provenance, profile: "quick" } },
      join(target, "results.json"),
    );
    const part = await held(runWith(6));
    await record({ protocol: small, results: part }, target);
    expect(recorded(small, target).map((one) => one.results.partial)).toEqual([undefined, part.partial]);
    await record({ protocol: small, results }, target);
    const text = readFileSync(join(target, "README.md"), "utf8");
    expect(text).toMatch(/### Profile quick.*\(figures\/sigma.*### Profile full.*\(figures\/full\/sigma/s);
    for (const path of [
      "results.json",
      "results.full.json",
      "figures/sigma-sweep.svg",
      "figures/full/sigma-sweep.svg",
    ])
      expect(existsSync(join(target, path)), path).toBe(true);
    await expect(record({ protocol: small, results: part }, target)).rejects.toThrow("6 of");
  });

  test("smoke is not recorded", async () => {
    const results = await held(made);
    const smoke = { ...results, provenance: { ...results.provenance, profile: "smoke" as const } };
    await expect(record({ protocol: small, results: smoke }, project())).rejects.toThrow("decides nothing");
  });
});
