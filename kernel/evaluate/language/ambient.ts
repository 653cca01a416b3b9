/**
 * The types of what the kernel puts into every cell's scope, with the documentation that completion and inspection
 * show. A test holds the names against what `globals.ts` installs.
 */
export const ambientTypes = `
export {};
declare global {
  /** Representations of one value by MIME type, such as { "text/html": "<b>hi</b>" }. */
  type MimeBundle = { [mimeType: string]: unknown };

  /** A display that can be updated in place. */
  interface DisplayHandle {
    /** The display's identifier. */
    readonly id: string;
    /** Replaces what the display shows. */
    update(value: unknown, options?: { raw?: boolean }): void;
  }

  /**
   * Shows a value below the cell: figures, tensors, tables, images, or anything else as text.
   * With \`raw\`, the value is a MIME bundle and shown as it is. With \`id\`, the display can be updated later.
   */
  function display(value: unknown, options?: { raw?: boolean; id?: string }): DisplayHandle;

  /** Replaces what the displays with this identifier show. */
  function updateDisplay(id: string, value: unknown, options?: { raw?: boolean }): void;

  /** Clears the cell's output; with \`wait\`, when the next output comes. */
  function clearOutput(options?: { wait?: boolean }): void;

  /** Asks the user for a line and waits for it, blocking the kernel. */
  function prompt(message?: string, options?: { password?: boolean }): string;

  /** Asks the user for a line. */
  function input(message?: string, options?: { password?: boolean }): Promise<string>;

  /** A channel to the front end, as widgets use it. */
  interface Comm {
    readonly id: string;
    readonly target: string;
    send(data: { [key: string]: unknown }, buffers?: readonly Uint8Array[]): void;
    close(data?: { [key: string]: unknown }): void;
    onMessage(handler: (data: { [key: string]: unknown }, buffers: readonly Uint8Array[]) => void): void;
    onClose(handler: (data: { [key: string]: unknown }) => void): void;
  }

  /** The kernel, seen from a cell. */
  const jupyter: {
    /**
     * Aborted when the user interrupts the running cell. A cell that looks at it is expected to end by itself, such as
     * a training after its running step; a second interrupt ends it at once.
     */
    readonly signal: AbortSignal;
    /** How many milliseconds an interrupt waits for a cell that has looked at \`signal\` (at first 10,000). */
    interruptGrace: number;
    /** Publishes any message to the front ends. */
    broadcast(
      type: string,
      content: { [key: string]: unknown },
      options?: { metadata?: { [key: string]: unknown }; buffers?: readonly Uint8Array[] },
    ): void;
    readonly comms: {
      /** Accepts comms that the front end opens for a target. */
      register(target: string, accept: (comm: Comm, data: { [key: string]: unknown }) => void): void;
      /** Opens a comm to the front end. */
      open(target: string, data?: { [key: string]: unknown }, metadata?: { [key: string]: unknown }): Comm;
    };
  };
}
`;

/** The names that the kernel installs. */
export const globalNames = ["display", "updateDisplay", "clearOutput", "prompt", "input", "jupyter"] as const;
