/**
 * The errors of jessl. One class per kind of fault, so that a program can tell a wrong shape from a corrupt file;
 * messages have the form "noun: expected …, got …".
 */

/** The base of every error that jessl throws on purpose. */
export class JesslError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A tensor has the wrong shape or element type. */
export class ShapeError extends JesslError {}

/** A function cannot be traced: it reads values, uses hidden tensors or draws random numbers. */
export class TraceError extends JesslError {}

/** A kernel has no lowering, or a graph cannot be compiled. */
export class CompileError extends JesslError {}

/** A device is unknown, missing or failed. */
export class DeviceError extends JesslError {}

/** A data file is missing, short, corrupt or of another format. */
export class DataError extends JesslError {}

/** A file cannot be written: the disk is full, or the folder is read-only. */
export class DiskError extends JesslError {}

/** A configuration has an unknown key or a value out of range. */
export class ConfigError extends JesslError {}

/** Training cannot go on: the loss is not finite, or the representation collapsed. */
export class TrainingError extends JesslError {}

/** The way a shape is written in messages: `[128, 32, 32, 3]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
