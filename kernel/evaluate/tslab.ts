/**
 * tslab's display API inside this kernel: notebooks that were written for tslab call `tslab.display.html(…)`, which
 * hands a finished display message to a function that tslab's own kernel sets. Here that function is our publisher.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../../src/support/package.js";
import type { Json } from "../protocol/wire.js";
import type { Imports } from "./imports.js";
import type { Link } from "./link.js";

interface TslabJupyter {
  lastWriteDisplayData: ((content: Json, update?: boolean) => void) | null;
}

const connected = new WeakSet<object>();

/** Connects the tslab that the notebook imports, its own or ours. */
export function connectTslab(link: Link, imports: Imports): void {
  const from = [imports.require, createRequire(join(packageRoot, "package.json"))];
  for (const require of from) {
    try {
      const main = require.resolve("tslab");
      const module = require(join(main, "..", "jupyter.js")) as TslabJupyter;
      if (connected.has(module)) continue;
      connected.add(module);
      module.lastWriteDisplayData = (content, update) => {
        const {
          data,
          metadata = {},
          transient,
        } = content as { data: Json; metadata?: Json; transient?: Json };
        const kind = update ? "update_display_data" : "display_data";
        // tslab writes an undefined identifier for a display that is not updated.
        const known = transient?.display_id === undefined ? {} : transient;
        link.publish(kind, { data, metadata, transient: known });
      };
    } catch {
      // Not installed in this place.
    }
  }
}
