/**
 * From a cell's messages on iopub to its outputs in the file, by the rules of the front ends: neighbouring texts of one
 * stream are merged, `\r` and backspaces act as on a terminal, `clear_output` with `wait` clears when the next output
 * comes, and `update_display_data` changes every display with that identifier, in earlier cells, too.
 */
import type { Message } from "../protocol/wire.js";
import type { MimeBundle, Output } from "./nbformat.js";

type Shown = Extract<Output, { data: MimeBundle }>;

/** The displays of a notebook by their identifier. */
export type Displays = Map<string, Shown[]>;

/** Collects the outputs of one cell. */
export class OutputCollector {
  readonly outputs: Output[] = [];
  private readonly displays: Displays;
  private clearNext = false;

  constructor(displays: Displays) {
    this.displays = displays;
  }

  /** Takes one message; true when it changed an output. */
  take({ header, content }: Pick<Message, "content"> & { header: { msg_type: string } }): boolean {
    switch (header.msg_type) {
      case "stream":
        this.stream(String(content.name), String(content.text));
        return true;
      case "display_data":
      case "execute_result": {
        const { data, metadata = {} } = content as unknown as Shown;
        const shown: Shown =
          header.msg_type === "display_data"
            ? { output_type: "display_data", data, metadata }
            : {
                output_type: "execute_result",
                data,
                metadata,
                execution_count: content.execution_count as number,
              };
        this.add(shown);
        const id = displayId(content);
        if (id !== undefined) this.displays.set(id, [...(this.displays.get(id) ?? []), shown]);
        return true;
      }
      case "update_display_data":
        for (const shown of this.displays.get(displayId(content) ?? "") ?? []) {
          shown.data = content.data as MimeBundle;
          shown.metadata = (content.metadata ?? {}) as MimeBundle;
        }
        return true;
      case "clear_output":
        if (content.wait === true) this.clearNext = true;
        else this.outputs.length = 0;
        return true;
      case "error": {
        const { ename, evalue, traceback } = content as {
          ename: string;
          evalue: string;
          traceback: string[];
        };
        this.add({ output_type: "error", ename, evalue, traceback });
        return true;
      }
      default:
        return false;
    }
  }

  private add(output: Output): void {
    if (this.clearNext) this.outputs.length = 0;
    this.clearNext = false;
    this.outputs.push(output);
  }

  private stream(name: string, text: string): void {
    const last = this.clearNext ? undefined : this.outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) last.text = asTerminal(last.text + text);
    else this.add({ output_type: "stream", name, text: asTerminal(text) });
  }
}

function displayId(content: { [key: string]: unknown }): string | undefined {
  const { display_id: id } = (content.transient ?? {}) as { display_id?: unknown };
  return typeof id === "string" ? id : undefined;
}

/** What a terminal shows of a text: `\r` begins the line again, a backspace steps back. */
export function asTerminal(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text.replaceAll("\r\n", "\n").split("\n").map(lineOnTerminal).join("\n");
}

function lineOnTerminal(line: string): string {
  // A last `\r` waits for what comes: the line stays until it is overwritten.
  const pending = line.endsWith("\r");
  let shown: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === "\r") column = 0;
    else if (character === "\b") column = Math.max(0, column - 1);
    else {
      shown[column] = character;
      column += 1;
    }
  }
  shown = Array.from(shown, (character) => character ?? " ");
  return shown.join("") + (pending ? "\r" : "");
}
