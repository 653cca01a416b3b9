/** How the command line ends. */

export const exitCode = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Thrown by a command that Ctrl-C ended in good order; what there is to say has been said. */
export class Interrupted extends Error {}
