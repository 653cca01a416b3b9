/**
 * Magics at the top of a cell: `%name argument` lines, `?name`, and `%%name argument` for the whole cell. They are cut
 * out without moving the code that follows, so that lines and columns stay the user's.
 */

/** One magic of a cell. */
export interface Magic {
  name: string;
  argument: string;
}

/** A cell, taken apart. */
export interface ParsedCell {
  /** Applies to the whole body, in this order. */
  cell: Magic[];
  /** Run before the body. */
  lines: Magic[];
  body: string;
}

/** Takes the magics off the top of a cell. */
export function parseMagics(code: string): ParsedCell {
  const cell: Magic[] = [];
  const lines: Magic[] = [];
  let rest = code;
  let blank = "";
  for (;;) {
    const match = /^[ \t]*(?:(%%?)([\w-]+)[ \t]*([^\n]*)|(\?)[ \t]*([^\n]*)|)(\n|$)/.exec(rest);
    if (match === null || rest === "") break;
    const [whole, percent, name, argument, question, asked, newline] = match;
    if (percent !== undefined)
      (percent === "%%" ? cell : lines).push({
        name: `${percent}${name}`,
        argument: (argument ?? "").trim(),
      });
    else if (question !== undefined) lines.push({ name: "?", argument: (asked ?? "").trim() });
    rest = rest.slice(whole.length);
    blank += newline ?? "";
    // A cell magic of another language owns everything below it, whatever it looks like.
    if (percent === "%%" && name !== "time") break;
  }
  return { cell, lines, body: blank + rest };
}
