/**
 * What a cell finds in its scope besides Node's own globals: the display functions, input, `jupyter`, `require` and
 * the folder's names, and the helpers that the transformed cell calls. `ambient.ts` has their types.
 */
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { type KernelHost, kernelSymbol } from "../display/host.js";
import type { Json } from "../protocol/wire.js";
import type { Comms } from "./comms.js";
import { type CellContext, currentCell, InterruptError } from "./context.js";
import { displays } from "./display.js";
import type { Grace } from "./grace.js";
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
  grace: Grace;
  memory: SharedArrayBuffer;
  folder: string;
}

/** Installs the globals. */
export function installGlobals({ link, comms, imports, input, grace, memory, folder }: Surroundings): void {
  const jupyter = {
    get signal() {
      return grace.watch(currentCell());
    },
    get interruptGrace() {
      return grace.milliseconds;
    },
    set interruptGrace(milliseconds: number) {
      grace.milliseconds = milliseconds;
    },
    broadcast: (type: string, content: Json, options: { metadata?: Json; buffers?: Uint8Array[] } = {}) =>
      link.publish(type, content, options.metadata, options.buffers),
    comms,
  };
  const shows = displays(link);
  const visible = {
    ...shows,
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
        if (currentCell().cancelled) throw new InterruptError();
        return value;
      },
      iterate,
    },
  };
  // For code that runs in cells but lies in modules, such as progress bars.
  Object.defineProperty(globalThis, kernelSymbol, { value: { ...shows, jupyter } satisfies KernelHost });
  for (const [name, value] of Object.entries({ ...visible, ...hidden }))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
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
