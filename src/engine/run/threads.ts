/**
 * How ONNX Runtime's threads on the CPU behave. Its threads wait for the next operation in a loop ("spinning"), which is
 * quick where they have cores of their own, and takes time from everybody where they have not: JESSL_SPINNING=off lets them
 * sleep. JESSL_AFFINITY=on binds each thread after the first to a processor of its own, as the calling thread stays free.
 */
import { availableParallelism } from "node:os";
import { ConfigError } from "../../support/errors.js";

/** The number of threads that a session uses when it is not told otherwise; JESSL_THREADS sets it. */
export function defaultThreads(): number {
  const wanted = Number(process.env.JESSL_THREADS);
  return Number.isInteger(wanted) && wanted > 0 ? wanted : availableParallelism();
}

function isOn(name: string, byDefault: boolean): boolean {
  const value = process.env[name];
  if (value === undefined || value === "") return byDefault;
  if (value === "on" || value === "off") return value === "on";
  throw new ConfigError(`${name}: expected on or off, got ${value}`);
}

/** Whether threads spin, and whether they are bound to processors. @throws ConfigError for other values than on and off */
export function threadBehaviour(): { readonly spinning: boolean; readonly affinity: boolean } {
  return { spinning: isOn("JESSL_SPINNING", true), affinity: isOn("JESSL_AFFINITY", false) };
}

/** The same as entries of an ONNX Runtime session's configuration; none for what it does by itself. */
export function threadEntries(threads: number): { readonly [key: string]: string } {
  const { spinning, affinity } = threadBehaviour();
  // One for each thread but the calling one; processors are counted from 1.
  const processors = Array.from({ length: threads - 1 }, (_, i) => i + 2);
  return {
    ...(!spinning && { "session.intra_op.allow_spinning": "0" }),
    ...(affinity && threads > 1 && { "session.intra_op_thread_affinities": processors.join(";") }),
  };
}
