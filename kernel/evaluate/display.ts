/**
 * What a cell calls to show something: `display`, `updateDisplay`, `clearOutput`. Each publishes at once, in order
 * with what is printed.
 */
import { randomUUID } from "node:crypto";
import { bundle } from "./bundle.js";
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
  const publish = (kind: string, value: unknown, raw: boolean, id: string | undefined) =>
    link.publish(kind, {
      data: bundle(value, raw),
      metadata: {},
      transient: id === undefined ? {} : { display_id: id },
    });

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
