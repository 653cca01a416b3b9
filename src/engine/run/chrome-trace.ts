/**
 * A profile as a trace file that Chromium's tracing page (chrome://tracing) and Perfetto (ui.perfetto.dev) open: one run
 * of a program on two tracks, its operators and the scopes that they were recorded in, nested as these are.
 * Format: "Trace Event Format", complete events (`ph: "X"`), times in microseconds.
 */

/** What took time: an operator of the program, in the order of the run. */
export interface TracedNode {
  readonly name: string;
  readonly operator: string;
  /** Where it was recorded, parts joined by `/`. */
  readonly scope: string;
  /** Microseconds. */
  readonly start: number;
  readonly duration: number;
  readonly shapes: string;
  readonly gflops: number | undefined;
}

/** One event of such a file. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A file of events that Chromium's tracing page and Perfetto open. */
export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

const tracks = { scopes: 1, operators: 2 } as const;

/** A span for every part of the scopes: neighbours in the same part share one. */
function scopeSpans(nodes: readonly TracedNode[], origin: number): TraceEvent[] {
  const spans: { path: string; name: string; start: number; end: number }[] = [];
  let open: typeof spans = [];
  for (const { scope, start, duration } of nodes) {
    const parts = scope.split("/");
    const paths = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
    const shared = open.findIndex(({ path }, i) => path !== paths[i]);
    open = open.slice(0, shared < 0 ? Math.min(open.length, paths.length) : shared);
    for (const span of open) span.end = start + duration;
    for (const path of paths.slice(open.length)) {
      const span = { path, name: path.slice(path.lastIndexOf("/") + 1), start, end: start + duration };
      spans.push(span);
      open.push(span);
    }
  }
  return spans.map(({ path, name, start, end }) => ({
    name,
    ph: "X",
    cat: "scope",
    pid: 1,
    tid: tracks.scopes,
    ts: start - origin,
    dur: end - start,
    args: { path },
  }));
}

/** The trace of one run of a program. */
export function chromeTrace(program: string, nodes: readonly TracedNode[]): ChromeTrace {
  const ordered = [...nodes].sort((a, b) => a.start - b.start);
  const origin = ordered[0]?.start ?? 0;
  const named = (what: string, tid: number, name: string): TraceEvent => ({
    name: what,
    ph: "M",
    pid: 1,
    tid,
    args: { name },
  });
  const operators = ordered.map(
    ({ name, operator, scope, start, duration, shapes, gflops }): TraceEvent => ({
      name: operator,
      ph: "X",
      cat: "operator",
      pid: 1,
      tid: tracks.operators,
      ts: start - origin,
      dur: duration,
      args: { node: name, scope, shapes, ...(gflops !== undefined && { gflops: Number(gflops.toFixed(2)) }) },
    }),
  );
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      named("process_name", 0, program),
      named("thread_name", tracks.scopes, "scopes"),
      named("thread_name", tracks.operators, "operators"),
      ...scopeSpans(ordered, origin),
      ...operators,
    ],
  };
}
