/**
 * Streams a set that is larger than the memory it may use, in a process of its own, and says what it saw: argument 1 is
 * what is streamed, argument 2 where it lies.
 */
import { readFileSync } from "node:fs";
import { betonSource, imageFolderSource, Loader } from "../../../dist/src/index.js";

const [kind, path] = process.argv.slice(2);
const source = kind === "beton" ? betonSource(path) : imageFolderSource(path, "train", { size: 512 });
const most = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
const before = most();
let megabytes = 0;
let wrong = 0;
for (const options of [{ workers: 0, reuse: true, order: "quasi-random" }, { workers: 1 }]) {
  const loader = new Loader(source, { batch: 2, prefetch: 1, ...options });
  for await (const { images, samples } of loader.epoch(0)) {
    const length = images.length / samples.length;
    // The first pixel tells the image's number.
    samples.forEach((sample, i) => {
      if (Math.abs(images[i * length] - (sample % 200)) > (kind === "beton" ? 0 : 3)) wrong++;
    });
    megabytes += images.length / 2 ** 20;
  }
  await loader.close();
}
process.stdout.write(JSON.stringify({ megabytes, wrong, grown: most() - before }));
