/** Progress: plain lines where there is no terminal, rates and the time left. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createProgress, formatPace, formatSeconds } from "../../src/support/progress.js";

test.each([
  [0.4, "0 s"],
  [75, "1 min 15 s"],
  [3725, "1 h 2 min"],
  [Number.POSITIVE_INFINITY, "?"],
])("%d seconds", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("the pace counts only what this process did", () => {
  expect(formatPace(3000, 1000, 5000, 2, "img")).toBe("1,000 img/s, 2 s left");
  expect(formatPace(1000, 1000, 5000, 0, "img")).toBe("0.00 img/s, ? left");
});

test("plain lines: the first, the last, and none between that come too fast", () => {
  const stream = new PassThrough();
  const progress = createProgress({
    title: "train",
    total: 10,
    unit: "img",
    stream: stream as unknown as NodeJS.WriteStream,
    everySeconds: 60,
  });
  progress.update(1, "loss 2.5");
  progress.update(2);
  progress.log("epoch 1");
  progress.update(10);
  progress.stop();
  const lines = String(stream.read()).trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^train 10 % · .* img\/s, .* left · loss 2.5$/);
  expect(lines[1]).toBe("epoch 1");
  expect(lines[2]).toMatch(/^train 100 % · .* 0 s left$/);
});

test("on a terminal one line is redrawn", () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  const progress = createProgress({
    title: "train",
    total: 4,
    unit: "img",
    stream: stream as unknown as NodeJS.WriteStream,
  });
  progress.update(2, "loss 1");
  progress.log("epoch 1");
  progress.stop();
  const text = String(stream.read());
  expect(text).toContain("50%");
  expect(text).toContain("epoch 1\n");
});
