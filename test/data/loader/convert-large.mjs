/**
 * Converts parquet files that are larger than the memory they may take, in a process of its own, and says how much it took:
 * argument 1 is their folder, argument 2 the .beton file.
 */
import { readFileSync } from "node:fs";
import { convertParquet } from "../../../dist/src/data/convert.js";

const [folder, path] = process.argv.slice(2);
const most = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
const before = most();
await convertParquet(folder, "train", path, {}, { images: "raw" });
process.stdout.write(JSON.stringify({ grown: most() - before }));
