/** Sessions whose optimised models are kept on disk (see model-cache.ts). */
import { rmSync } from "node:fs";
import type { OnnxModel } from "../lower/onnx.js";
import { cacheIsOn, entryPath, readEntry, storeEntry, temporaryFor } from "./model-cache.js";
import { inOrderOfExecution } from "./node-order.js";
import { Session, type SessionOptions } from "./session.js";

/** Smaller programs are compiled in less time than it is worth to keep them. */
const leastNodes = 1000;

export interface CreatedSession {
  readonly session: Session;
  /** Whether the optimised model came from the disk. */
  readonly cached: boolean;
}

/**
 * Compiles a model, or reads what came of it earlier. Only for the CPU: what GPU providers make of a graph cannot be read
 * again.
 * @throws DeviceError when ONNX Runtime refuses the model
 */
export async function createSession(
  model: OnnxModel,
  bytes: Uint8Array,
  options: SessionOptions,
): Promise<CreatedSession> {
  const { providers, runtime = "native" } = options;
  const fits = runtime === "native" && providers.join() === "cpu" && model.nodes.length >= leastNodes;
  if (!fits || !cacheIsOn()) return { session: await Session.create(model, bytes, options), cached: false };
  const entry = entryPath(bytes);
  const known = readEntry(entry);
  if (known)
    try {
      const ordered = inOrderOfExecution(known, model);
      const session = await Session.create(model, ordered, { ...options, optimisation: "disabled" });
      return { session, cached: true };
    } catch {
      rmSync(entry, { force: true });
    }
  const saveTo = temporaryFor(entry);
  if (saveTo === undefined) return { session: await Session.create(model, bytes, options), cached: false };
  let session: Session;
  try {
    session = await Session.create(model, bytes, { ...options, saveTo });
  } catch {
    rmSync(saveTo, { force: true });
    // ONNX Runtime may have failed at the file: without it a fault is the model's.
    return { session: await Session.create(model, bytes, options), cached: false };
  }
  storeEntry(entry, saveTo);
  return { session, cached: false };
}
