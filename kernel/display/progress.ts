/**
 * Progress in a cell: one display that is updated in place, at most ten times a second. Outside a kernel it is the bar of
 * the terminal, or plain lines where there is none.
 */
import { createProgress, formatPace, type Progress } from "../../src/support/progress.js";
import { kernelHost } from "./host.js";
import { escapeHtml, type MimeBundle, mime } from "./mime.js";

/** What a progress bar counts. */
export interface ProgressBarOptions {
  readonly title?: string;
  /** The number of items that make the whole. */
  readonly total: number;
  /** What is counted, for the rate: `img` gives "img/s". */
  readonly unit?: string;
}

const pause = 100;

/** A progress bar; `update(done, note)` moves it, `stop()` ends it. */
export function progressBar({ title = "", total, unit = "it" }: ProgressBarOptions): Progress {
  const host = kernelHost();
  if (host === undefined) return createProgress({ title, total, unit });
  const began = performance.now();
  let last = began;
  let state = { done: 0, note: "" };
  const bundle = (): MimeBundle => {
    const seconds = (performance.now() - began) / 1000;
    const pace = state.done === 0 ? "" : formatPace(state.done, 0, total, seconds, unit);
    return draw(title, state.done / total, [pace, state.note].filter(Boolean).join(" · "));
  };
  const handle = host.display(bundle(), { raw: true });
  const show = () => handle.update(bundle(), { raw: true });
  return {
    update(done, note = "") {
      state = { done, note };
      const now = performance.now();
      if (now - last < pause && done < total) return;
      last = now;
      show();
    },
    log(line) {
      process.stdout.write(`${line}\n`);
    },
    stop: show,
  };
}

function draw(title: string, share: number, note: string): MimeBundle {
  const part = Number.isFinite(share) ? Math.max(0, Math.min(1, share)) : 0;
  const percent = `${Math.floor(100 * part)} %`;
  const text = [`${title} ${percent}`.trim(), note].filter(Boolean).join(" · ");
  const filled = Math.round(24 * part);
  return {
    [mime.html]: `<div><progress value="${part.toFixed(4)}" max="1" style="width: 16em; vertical-align: middle"></progress> ${escapeHtml(text)}</div>`,
    [mime.text]: `${"█".repeat(filled)}${"░".repeat(24 - filled)} ${text}`,
  };
}

/** Goes through a list with a progress bar: `for (const x of track(list, { title: "embed" }))`. */
export function* track<T>(
  items: Iterable<T> & ({ readonly length: number } | { readonly size: number }),
  options: Omit<ProgressBarOptions, "total"> = {},
): Generator<T> {
  const total = "length" in items ? items.length : items.size;
  const bar = progressBar({ ...options, total });
  let done = 0;
  try {
    for (const item of items) {
      yield item;
      done += 1;
      bar.update(done);
    }
  } finally {
    bar.stop();
  }
}
