/**
 * What a cell finds in its scope besides Node's own globals: the display functions, input, `jupyter`, `require` and
 * the folder's names, and the helpers that the transformed cell calls. `ambient.ts` has their types.
 */
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { shared } from "../protocol/channel.js";
import type { Json } from "../protocol/wire.js";
import type { Comms } from "./comms.js";
import { type CellContext, currentCell, InterruptError } from "./context.js";
import { displays } from "./display.js";
import type { Imports } from "./imports.js";
import { inputs } from "./input.js";
import { helpers } from "./language/helpers.js";
import type { Link } from "./link.js";
import { connectTslab } from "./tslab.js";

/** What the globals need. */
export interface Surroundings {
  link: Link;
  comms: Comms;
  imports: Imports;
  input: MessagePort;
  memory: SharedArrayBuffer;
  folder: string;
}

/** Installs the globals; the repeating timers of cells are kept, so that a runaway one can be stopped. */
export function installGlobals({
  link,
  comms,
  imports,
  input,
  memory,
  folder,
}: Surroundings): Set<NodeJS.Timeout> {
  const settings = new Int32Array(memory);
  const jupyter = {
    get signal() {
      return currentCell().signal;
    },
    get interruptGrace() {
      return Atomics.load(settings, shared.grace);
    },
    set interruptGrace(milliseconds: number) {
      Atomics.store(settings, shared.grace, milliseconds);
    },
    broadcast: (type: string, content: Json, options: { metadata?: Json; buffers?: Uint8Array[] } = {}) =>
      link.publish(type, content, options.metadata, options.buffers),
    comms,
  };
  const visible = {
    ...displays(link),
    ...inputs(link, input, memory),
    jupyter,
    require: imports.require,
    __dirname: folder,
    __filename: join(folder, "notebook.ts"),
  };
  const hidden = {
    [helpers]: {
      import: async (specifier: string, options?: ImportCallOptions) => {
        const module = await currentCell().guard(imports.import(String(specifier), options));
        if (specifier === "tslab" || specifier.startsWith("tslab/")) connectTslab(link, imports);
        return module;
      },
      meta: imports.meta,
      settle: (value: unknown) => currentCell().guard(value),
      resume: (value: unknown) => {
        if (currentCell().signal.aborted) throw new InterruptError();
        return value;
      },
      iterate,
    },
  };
  for (const [name, value] of Object.entries({ ...visible, ...hidden }))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  return watchIntervals();
}

// `for await` over anything, each step of which an interrupt can end.
async function* iterate(iterable: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  const cell: CellContext = currentCell();
  const iterator =
    Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await cell.guard(iterator.next());
      if (done) {
        finished = true;
        return;
      }
      yield await value;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
}

function watchIntervals(): Set<NodeJS.Timeout> {
  const alive = new Set<NodeJS.Timeout>();
  const { setInterval: set, clearInterval: clear } = globalThis;
  globalThis.setInterval = Object.assign((...args: Parameters<typeof set>) => {
    const timer = set(...args);
    alive.add(timer);
    return timer;
  }, set) as typeof set;
  const forget = (timer: unknown) => {
    for (const known of alive)
      if (known === timer || (typeof timer !== "object" && Number(known) === Number(timer)))
        alive.delete(known);
  };
  globalThis.clearInterval = Object.assign((timer: Parameters<typeof clear>[0]) => {
    forget(timer);
    clear(timer);
  }, clear);
  return alive;
}
