/** The magics that the kernel knows: `%name` for a line, `%%name` for a whole cell. */
export const magicNames = ["%%bash", "%%time", "%env", "%install", "%lsmagic", "%memory"] as const;
