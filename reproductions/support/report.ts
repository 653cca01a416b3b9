/**
 * One page of all claims: verdicts, the rule each followed, tables, figures, controls and provenance, as HTML that needs
 * no other file and runs no script, and as Markdown for the README.
 */
import { renderSvg } from "../../src/figure/index.js";
import { formatSeconds } from "../../src/support/progress.js";
import { markdownTable } from "../../src/support/table.js";
import type { Conclusion, Protocol, Row } from "./protocol.js";
import type { Results } from "./reproduce.js";

export interface Reported {
  readonly protocol: Protocol;
  readonly results: Results;
}

/** The conclusion of results, drawn anew from their rows. */
export function conclusionOf({ protocol, results }: Reported): Conclusion {
  const rows: readonly Row[] = [...results.controls, ...results.rows];
  return protocol.conclude(rows, results.provenance.profile, results.courses);
}

/** The profile, and how much of it was run where that is not all. */
function profileOf({ provenance, partial }: Results): string {
  return partial
    ? `${provenance.profile}, ${partial.known} of ${partial.of} encoders: the run has not come to its end`
    : provenance.profile;
}

/** Claims and verdicts as a Markdown table; a claim's profiles one below the other. */
export function markdownSummary(reports: readonly Reported[]): string {
  return markdownTable(
    [
      { title: "claim" },
      { title: "verdict", align: "left" },
      { title: "what decided", align: "left" },
      { title: "scale", align: "left" },
    ],
    reports.map(({ protocol, results }, i) => [
      protocol === reports[i - 1]?.protocol
        ? `${protocol.name}, the same`
        : `[${protocol.name}](reproductions/${protocol.name}/README.md): ${protocol.claim}`,
      `**${results.verdict}**`,
      results.findings.join(" "),
      `${profileOf(results)}: ${results.scale}`,
    ]),
  );
}

/** A claim's results as Markdown: verdict, findings, table, provenance. */
export function markdownReport(report: Reported): string {
  const { results } = report;
  const { table } = conclusionOf(report);
  const columns = table.columns.map((title, i) => ({
    title,
    align: i === 0 ? ("left" as const) : ("right" as const),
  }));
  return [
    `**Verdict (${profileOf(results)}): ${results.verdict}.** ${results.scale}`,
    "",
    ...results.findings.map((finding) => `- ${finding}`),
    "",
    markdownTable(columns, table.rows),
    "",
    provenanceLine(results),
  ].join("\n");
}

function provenanceLine({ provenance: p }: Results): string {
  return `Made by jessl ${p.jessl} at commit ${p.commit} (code ${p.code}) with onnxruntime ${p.onnxruntime}, tfjs ${p.tfjs}, Node ${p.node} on ${p.cpu}, ${p.threads} threads, device ${p.device}, in ${formatSeconds(p.seconds)}, ${p.date.slice(0, 10)}.`;
}

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8889; }
body { font: 16px/1.5 "IBM Plex Sans", system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 3rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
.verdict { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line); font-weight: 600; }
figure { margin: 1.5rem 0; overflow-x: auto; border-radius: .5rem; }
figure .dark { display: none; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #f0f0f0; }
  a { color: #7ab8ff; }
  figure .light { display: none; }
  figure .dark { display: block; }
}
figure svg { max-width: 100%; height: auto; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); }
footer, .soft { font-size: .875rem; opacity: .75; }
`;

function htmlTable({ columns, rows }: Conclusion["table"]): string {
  const head = columns.map((title) => `<th>${escapeHtml(title)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`)
    .join("\n");
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

const idOf = ({ protocol, results }: Reported): string => `${protocol.name}-${results.provenance.profile}`;

async function section(report: Reported): Promise<string> {
  const { protocol, results } = report;
  const { table, figures } = conclusionOf(report);
  const drawn = await Promise.all(
    figures.map(async ({ figure }) => {
      const [light, dark] = await Promise.all([renderSvg(figure), renderSvg(figure, { theme: "dark" })]);
      const drawings = `<div class="light">${light}</div><div class="dark">${dark}</div>`;
      // Two profiles may draw the same figure.
      return `<figure>${drawings.replaceAll(/(id="|url\(#)(?=f)/g, `$1${idOf(report)}-`)}</figure>`;
    }),
  );
  return `<section id="${idOf(report)}">
<h2>${escapeHtml(protocol.name)} <span class="soft">${escapeHtml(profileOf(results))}</span> <span class="verdict">${escapeHtml(results.verdict)}</span></h2>
<blockquote>${escapeHtml(protocol.claim)} (<a href="${escapeHtml(protocol.link)}">paper</a>)</blockquote>
<p><b>Scale.</b> ${escapeHtml(results.scale)}</p>
<p><b>Rule, stated before the runs.</b> ${escapeHtml(protocol.rule)}</p>
<ul>${results.findings.map((finding) => `<li>${escapeHtml(finding)}</li>`).join("")}</ul>
${htmlTable(table)}
${drawn.join("\n")}
<p class="soft">${escapeHtml(provenanceLine(results))}</p>
</section>`;
}

/** The whole report as one HTML page. */
export async function htmlReport(reports: readonly Reported[]): Promise<string> {
  const summary = reports
    .map((report) => {
      const { protocol, results } = report;
      return `<tr><td><a href="#${idOf(report)}">${escapeHtml(protocol.name)}</a></td><td class="text">${escapeHtml(results.verdict)}</td><td class="text">${escapeHtml(profileOf(results))}</td><td>${formatSeconds(results.provenance.seconds)}</td></tr>`;
    })
    .join("\n");
  const sections = await Promise.all(reports.map(section));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Claims about joint-embedding self-supervised learning, rerun</title>
<style>${style}</style>
</head>
<body>
<h1>Claims about joint-embedding self-supervised learning, rerun</h1>
<p>Claims of <a href="https://arxiv.org/abs/2303.01986"><i>Towards Democratizing Joint-Embedding Self-Supervised Learning</i></a>, at a scale that one computer reaches. Each verdict follows from a rule that was written before the runs.</p>
<table><thead><tr><th>claim</th><th class="text">verdict</th><th class="text">profile</th><th>time</th></tr></thead><tbody>
${summary}
</tbody></table>
${sections.join("\n")}
</body>
</html>
`;
}
