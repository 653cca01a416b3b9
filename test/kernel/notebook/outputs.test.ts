/** Outputs of a cell from its messages: what a front end would have saved. */
import { expect, test } from "vitest";
import { asTerminal, type Displays, OutputCollector } from "../../../kernel/notebook/outputs.js";

type Step = [type: string, content: { [key: string]: unknown }];

function collect(steps: Step[], displays: Displays = new Map()) {
  const collector = new OutputCollector(displays);
  for (const [type, content] of steps) collector.take({ header: { msg_type: type }, content });
  return collector.outputs;
}

const text = (text: string, name = "stdout"): Step => ["stream", { name, text }];
const shown = (value: string, id?: string): Step => [
  "display_data",
  { data: { "text/plain": value }, metadata: {}, transient: id === undefined ? {} : { display_id: id } },
];
const updated = (value: string, id: string): Step => [
  "update_display_data",
  { data: { "text/plain": value }, metadata: {}, transient: { display_id: id } },
];
const plain = (outputs: ReturnType<typeof collect>) =>
  outputs.map((output) =>
    output.output_type === "stream"
      ? `${output.name}: ${output.text}`
      : "data" in output
        ? output.data["text/plain"]
        : output.ename,
  );

test("neighbouring texts of one stream become one output, others stay apart", () => {
  expect(plain(collect([text("a\n"), text("b\n"), text("c\n", "stderr"), text("d\n")]))).toEqual([
    "stdout: a\nb\n",
    "stderr: c\n",
    "stdout: d\n",
  ]);
});

test("an update changes every display of that identifier, in earlier cells too, and adds none", () => {
  const displays: Displays = new Map();
  const first = collect([shown("1", "a"), shown("1", "b")], displays);
  const second = collect([shown("1", "a"), updated("2", "a"), updated("9", "unknown")], displays);
  expect(plain(first)).toEqual(["2", "1"]);
  expect(plain(second)).toEqual(["2"]);
});

test("clear_output: at once, or when the next output comes", () => {
  expect(plain(collect([text("a"), ["clear_output", { wait: false }], text("b")]))).toEqual(["stdout: b"]);
  expect(plain(collect([text("a"), ["clear_output", { wait: true }]]))).toEqual(["stdout: a"]);
  expect(plain(collect([text("a"), ["clear_output", { wait: true }], text("b"), text("c")]))).toEqual([
    "stdout: bc",
  ]);
});

test("results and errors are kept as they come; other messages are none of it", () => {
  const error = { ename: "Error", evalue: "boom", traceback: ["Error: boom"] };
  const outputs = collect([
    ["status", { execution_state: "busy" }],
    ["execute_input", { code: "1" }],
    ["execute_result", { data: { "text/plain": "1" }, metadata: {}, execution_count: 7 }],
    ["error", error],
  ]);
  expect(outputs).toEqual([
    { output_type: "execute_result", data: { "text/plain": "1" }, metadata: {}, execution_count: 7 },
    { output_type: "error", ...error },
  ]);
});

test.each([
  ["10 %\r20 %\r30 %\n", "30 %\n"],
  ["abcdef\rXY", "XYcdef"],
  ["ab\b\bX", "Xb"],
  ["windows\r\nlines\r\n", "windows\nlines\n"],
  ["waits\r", "waits\r"],
])("%j shows as %j", (written, seen) => {
  expect(asTerminal(written)).toBe(seen);
});

test("a carriage return acts across messages", () => {
  expect(plain(collect([text("step 1\r"), text("step 2\r"), text("done\n")]))).toEqual(["stdout: done 2\n"]);
});
