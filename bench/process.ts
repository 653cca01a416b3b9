/** What Linux knows of a process: the processor time it has used, and its resident memory. */
import { readFileSync } from "node:fs";

/** Milliseconds of processor time that a process and its threads have used, to 10 ms. */
export function processorMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may hold blanks; user and system time are fields 14 and 15, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** MiB of resident memory, now or the most there was. */
export function residentMegabytes(pid: number, when: "now" | "most" = "now"): number {
  const field = when === "now" ? "VmRSS" : "VmHWM";
  const found = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found![1]) / 1024;
}
