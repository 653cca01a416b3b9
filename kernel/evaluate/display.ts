/**
 * What a cell calls to show something: `display`, `updateDisplay`, `clearOutput`. Each publishes at once, in order
 * with what is printed; only a value whose own display method returns a promise comes when that is there, and its cell
 * waits for it.
 */
import { randomUUID } from "node:crypto";
import { bundle, type MimeBundle } from "./bundle.js";
import { currentCell } from "./context.js";
import type { Link } from "./link.js";

/** A display that can be updated in place. */
export class DisplayHandle {
  readonly id: string;
  private readonly replace: (value: unknown, options: { raw?: boolean }) => void;

  constructor(id: string, replace: (value: unknown, options: { raw?: boolean }) => void) {
    this.id = id;
    this.replace = replace;
  }

  /** Replaces what the display shows. */
  update(value: unknown, options: { raw?: boolean } = {}): void {
    this.replace(value, options);
  }
}

/** The display functions of a kernel. */
export function displays(link: Link) {
  const publish = (kind: string, value: unknown, raw: boolean, id: string | undefined): void => {
    const send = (data: MimeBundle) =>
      link.publish(kind, { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } });
    const data = bundle(value, raw);
    const failed = (error: unknown) =>
      send({ "text/plain": `cannot be shown: ${error instanceof Error ? error.message : String(error)}` });
    if (data instanceof Promise) currentCell().hold(data.then(send, failed));
    else
      try {
        send(data);
      } catch (error) {
        failed(error);
      }
  };

  const updateDisplay = (id: string, value: unknown, options: { raw?: boolean } = {}): void =>
    publish("update_display_data", value, options.raw === true, id);

  const display = (value: unknown, options: { raw?: boolean; id?: string } = {}): DisplayHandle => {
    const id = options.id ?? randomUUID();
    publish("display_data", value, options.raw === true, id);
    return new DisplayHandle(id, (next, how) => updateDisplay(id, next, how));
  };

  const clearOutput = (options: { wait?: boolean } = {}): void =>
    link.publish("clear_output", { wait: options.wait === true });

  return { display, updateDisplay, clearOutput };
}
