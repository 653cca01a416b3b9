/** The report of results: self-contained, nothing in it is run or fetched, and what it says is what the rows say. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  htmlReport,
  markdownReport,
  markdownSummary,
  protocols,
  type Reported,
  recorded,
} from "../../reproductions/index.js";
import { smallBatches } from "../../reproductions/small-batches/protocol.js";
import { conclusionOf } from "../../reproductions/support/report.js";
import { vegaLiteSpec } from "../../src/figure/index.js";
import { packageRoot } from "../../src/support/package.js";
import { row } from "./rows.js";

function reported(): Reported {
  const controls = [row("raw pixels", 1, 81), ...[1, 2].map((seed) => row("untrained", seed, 80 + seed))];
  const rows = [16, 64].flatMap((batch) => [
    row("tuning", 0, 82, { batch, lr: 0.001 }),
    ...[1, 2].flatMap((seed) =>
      ["fixed", "tuned"].map((condition) => row(condition, seed, 84 + seed, { batch, lr: 0.001 })),
    ),
  ]);
  const { verdict, findings } = smallBatches.conclude([...controls, ...rows], "quick");
  return {
    protocol: smallBatches,
    results: {
      claim: smallBatches.claim,
      link: smallBatches.link,
      scale: "small & <quick>",
      verdict,
      rule: smallBatches.rule,
      findings,
      rows,
      controls,
      provenance: {
        profile: "quick",
        commit: "abc",
        code: "def",
        device: "cpu",
        threads: 2,
        seconds: 75,
        date: "2026-01-02T03:04:05Z",
        jessl: "0.1.0",
        node: "v20",
        onnxruntime: "1",
        tfjs: "4",
        platform: "linux-x64",
        cpu: "a CPU",
        cores: 2,
      },
    },
  };
}

test("HTML: verdict, rule, table and figures; no scripts, nothing from elsewhere, text escaped", async () => {
  const report = reported();
  const html = await htmlReport([report]);
  expect(html).toContain(`<span class="verdict">${report.results.verdict}</span>`);
  expect(html).toContain("small &amp; &lt;quick&gt;");
  // Each figure for light and for dark screens.
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html).not.toMatch(/<script|<link|src="http|url\(http/);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("Markdown: the numbers of the rows, and where they come from", () => {
  const report = reported();
  const text = markdownReport(report);
  expect(text).toContain("**Verdict (quick): holds.**");
  expect(text).toMatch(/\| tuned +\| +16 \| 0.001 \| 83\.5 ± 6\.4 \| 85\.5 ± 6\.4 \|/);
  expect(text).toContain("at commit abc (code def)");
  expect(markdownSummary([report])).toContain("**holds**");
});

test("two profiles of a claim: each has its section and its row, and part of a run says so", async () => {
  const quick = reported();
  const { results, protocol } = quick;
  const provenance = { ...results.provenance, profile: "full" as const };
  const full = { protocol, results: { ...results, provenance, partial: { known: 7, of: 9 } } };
  const html = await htmlReport([quick, full]);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids).toEqual(expect.arrayContaining(["small-batches-quick", "small-batches-full"]));
  expect(new Set(ids).size).toBe(ids.length);
  expect(html.match(/full, 7 of 9 encoders: the run has not come to its end/g)).toHaveLength(2);
  const rows = markdownSummary([quick, full]).split("\n").slice(2);
  expect(rows).toHaveLength(2);
  expect(rows[1]).toMatch(/small-batches, the same .*full, 7 of 9 encoders/);
});

test("recorded figures hold numbers alone, and every file of them is that of a recorded profile", () => {
  const folder = join(packageRoot, "reproductions");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    /figures/.test(file),
  );
  const texts = files.filter((file) => /\.(svg|vl\.json)$/.test(file));
  expect(texts.length).toBeGreaterThan(10);
  for (const file of texts)
    expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(/data:image|<image|"type":"image"/);
  for (const protocol of protocols)
    for (const report of recorded(protocol)) {
      const { profile } = report.results.provenance;
      const own = join(protocol.name, "figures", profile === "quick" ? "" : profile);
      for (const { name, figure } of conclusionOf(report).figures)
        expect(JSON.parse(readFileSync(join(folder, own, `${name}.vl.json`), "utf8"))).toEqual(
          JSON.parse(JSON.stringify(vegaLiteSpec(figure))),
        );
    }
});
