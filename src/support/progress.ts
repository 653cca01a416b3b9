/**
 * Progress for the person who waits: one moving bar on a terminal, and plain lines (at most one in some seconds)
 * where the output goes to a file or another program. Both say how fast it goes and how long it will take.
 */
import cliProgress from "cli-progress";

/** A progress bar, or its plain lines. */
export interface Progress {
  /** Shows how far it is. @param done how much of the total is done  @param note short text behind the bar, such as `loss 1.234` */
  update(done: number, note?: string): void;
  /** A line of its own that stays, above the bar. */
  log(line: string): void;
  /** Ends the bar. Nothing may be updated afterwards. */
  stop(): void;
}

export interface ProgressOptions {
  readonly title: string;
  /** The number of items that make the whole, in `unit`s. */
  readonly total: number;
  /** What is counted, for the rate: `img` gives "img/s". */
  readonly unit: string;
  /** How many items were done before this process, as after a resume; they do not count for the rate. */
  readonly start?: number;
  /** Where it goes; standard error by default, so that results can be piped. */
  readonly stream?: NodeJS.WriteStream;
  /** Seconds between plain lines. */
  readonly everySeconds?: number;
}

/** `75` → "1 min 15 s". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The rate and the time left, from what was done since the process began. */
export function formatPace(
  done: number,
  start: number,
  total: number,
  seconds: number,
  unit: string,
): string {
  const rate = seconds > 0 ? (done - start) / seconds : 0;
  const left = rate > 0 ? (total - done) / rate : Number.POSITIVE_INFINITY;
  const shown = rate >= 100 ? Math.round(rate).toLocaleString("en") : rate.toPrecision(3);
  return `${shown} ${unit}/s, ${formatSeconds(left)} left`;
}

/** Progress on a terminal or in plain lines, as the stream demands. */
export function createProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  return stream.isTTY ? barProgress(options, stream) : lineProgress(options, stream);
}

/** The bars that move: each redraws itself by a timer, which holds the process up, and hides the cursor. */
const moving = new Set<cliProgress.SingleBar>();

/** Ends the bars that are left, such as those of work that failed: the process can end, and what is said next has a line. */
export function stopBars(): void {
  for (const bar of moving) bar.stop();
  moving.clear();
}

function barProgress(options: ProgressOptions, stream: NodeJS.WriteStream): Progress {
  const began = performance.now();
  const start = options.start ?? 0;
  const bar = new cliProgress.SingleBar(
    {
      format: "{title} {bar} {percentage}% · {pace} {note}",
      stream,
      fps: 5,
      hideCursor: true,
      clearOnComplete: false,
      barsize: 24,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(options.total, start, { title: options.title, pace: "", note: "" });
  moving.add(bar);
  return {
    update(done, note = "") {
      const seconds = (performance.now() - began) / 1000;
      bar.update(done, {
        pace: formatPace(done, start, options.total, seconds, options.unit),
        note: note && `· ${note}`,
      });
    },
    log(line) {
      stream.write(`\r\u001b[2K${line}\n`);
      bar.render();
    },
    stop() {
      moving.delete(bar);
      bar.stop();
    },
  };
}

function lineProgress(options: ProgressOptions, stream: NodeJS.WriteStream): Progress {
  const began = performance.now();
  const start = options.start ?? 0;
  const pause = (options.everySeconds ?? 10) * 1000;
  let lastLine = Number.NEGATIVE_INFINITY;
  return {
    update(done, note) {
      const now = performance.now();
      if (now - lastLine < pause && done < options.total) return;
      lastLine = now;
      const percent = Math.floor((100 * done) / options.total);
      const pace = formatPace(done, start, options.total, (now - began) / 1000, options.unit);
      stream.write(`${options.title} ${percent} % · ${pace}${note ? ` · ${note}` : ""}\n`);
    },
    log(line) {
      stream.write(`${line}\n`);
    },
    stop() {},
  };
}
