/**
 * What this process has on each device, for whoever shows it, such as `%memory` in a notebook. It is known to the process
 * under a symbol, since a notebook may use a copy of this package of its own.
 */

/** Compiled programs, and bytes of tensors that stay in the device's own memory. */
export interface DeviceUse {
  programs: number;
  bytes: number;
}

const key = Symbol.for("jessl.device");

/** What there is on a device, to be counted up and down. */
export function deviceUse(name: string): DeviceUse {
  const holder = globalThis as { [key]?: Map<string, DeviceUse> };
  holder[key] ??= new Map();
  const known = holder[key].get(name) ?? { programs: 0, bytes: 0 };
  holder[key].set(name, known);
  return known;
}
