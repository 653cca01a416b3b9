/**
 * The kernel, seen from a module that a cell imported: modules have no part in the cell's scope, and a notebook's folder
 * may have a copy of this package of its own. Outside a kernel there is none, and what would be shown is printed.
 */
import type { Json } from "../protocol/wire.js";

/** The key of the global object that holds the kernel. */
export const kernelSymbol: symbol = Symbol.for("jessl.kernel");

/** How a value is shown. */
export interface DisplayOptions {
  /** The value is a MIME bundle, to show as it is. */
  readonly raw?: boolean;
}

/** A display that can be updated in place. */
export interface Handle {
  readonly id: string;
  /** Shows another value in its place. */
  update(value: unknown, options?: DisplayOptions): void;
}

/** A channel to the front end. */
export interface CommChannel {
  readonly id: string;
  send(data: Json, buffers?: readonly Uint8Array[]): void;
  close(data?: Json): void;
  onMessage(handler: (data: Json, buffers: readonly Uint8Array[]) => void): void;
}

/** What the kernel offers. */
export interface KernelHost {
  display(value: unknown, options?: DisplayOptions & { readonly id?: string }): Handle;
  updateDisplay(id: string, value: unknown, options?: DisplayOptions): void;
  clearOutput(options?: { readonly wait?: boolean }): void;
  readonly jupyter: {
    readonly signal: AbortSignal;
    readonly comms: { open(target: string, data?: Json, metadata?: Json): CommChannel };
  };
}

/** The kernel that runs this code; undefined outside one. */
export function kernelHost(): KernelHost | undefined {
  return (globalThis as { [key: symbol]: KernelHost | undefined })[kernelSymbol];
}
