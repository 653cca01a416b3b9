/** The name under which a transformed cell finds the kernel's helpers; apart, so that it loads without TypeScript. */
export const helpers = "__kernel__";
