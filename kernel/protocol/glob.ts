/**
 * Globs as Jupyter's history search writes them, which is SQLite's GLOB: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`. Not turned
 * into a regular expression: `*a*a*a*b` over a long input would take exponential time there; here the time grows with
 * the length of the text times that of the pattern.
 */
type Part = "*" | ((character: string) => boolean);

function parse(pattern: string): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (character === "*") {
      parts.push("*");
      continue;
    }
    if (character === "?") {
      parts.push(() => true);
      continue;
    }
    const set = character === "[" ? /^\[(\^?)(\]?[^\]]*)\]/.exec(pattern.slice(at)) : null;
    if (set === null) {
      parts.push((other) => other === character);
      continue;
    }
    const [whole, negated, members] = set as unknown as [string, string, string];
    const ranges = [...members.matchAll(/(.)-(.)|(.)/gs)].map(([, from, to, one]) => [
      from ?? one!,
      to ?? one!,
    ]) as [string, string][];
    parts.push((other) => ranges.some(([from, to]) => other >= from && other <= to) !== (negated === "^"));
    at += whole.length - 1;
  }
  return parts;
}

/** A function that says whether a text matches the pattern as a whole. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const parts = parse(pattern);
  return (text) => {
    let [t, p, star, mark] = [0, 0, -1, 0];
    while (t < text.length) {
      const part = parts[p];
      if (part === "*") [star, mark, p] = [p, t, p + 1];
      else if (part?.(text[t]!)) [p, t] = [p + 1, t + 1];
      else if (star >= 0) [p, mark, t] = [star + 1, mark + 1, mark + 1];
      else return false;
    }
    while (parts[p] === "*") p += 1;
    return p === parts.length;
  };
}
