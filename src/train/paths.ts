/**
 * Choosing parameters by their path, such as `encoder.block1` or `*.norm.*`, and trees of which only the chosen leaves
 * are left.
 */
import { flatten, leafPaths, mapTree, type Tree } from "../engine/tree.js";
import { ConfigError } from "../support/errors.js";
import { suggestion } from "../support/nearest.js";

export type PathFilter = (path: string) => boolean;

/** A pattern as a regular expression: `*` is any text; it matches a whole path or what is above it. */
function expression(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}(\\..*)?$`);
}

/**
 * Whether a path matches one of the patterns.
 * @param noun what the patterns are, for errors
 * @throws ConfigError when a pattern matches none of the paths
 */
export function pathFilter(patterns: readonly string[], paths: readonly string[], noun: string): PathFilter {
  const expressions = patterns.map(expression);
  for (const [i, each] of expressions.entries())
    if (!paths.some((path) => each.test(path))) {
      const above = paths.flatMap((path) =>
        path.split(".").map((_, j, all) => all.slice(0, j + 1).join(".")),
      );
      throw new ConfigError(
        `${noun}: no parameter matches ${patterns[i]}; ${suggestion(patterns[i]!, [...new Set(above)])}`,
      );
    }
  return (path) => expressions.some((each) => each.test(path));
}

/** The tree without the leaves that are not chosen; `null` stands in their place. */
export function chosen<T>(tree: Tree<T>, filter: PathFilter): Tree<T> {
  return mapTree<T, T | null>(tree, (leaf, path) => (filter(path) ? leaf : null)) as Tree<T>;
}

/** The tree with the leaves of `part` in place of its own, wherever `part` has one. */
export function overlay<Whole extends Tree<T>, T>(tree: Whole, part: Tree<T>): Whole {
  const paths = leafPaths(part);
  const leaves = new Map(flatten<T>(part).leaves.map((leaf, i) => [paths[i]!, leaf]));
  return mapTree<T, T>(tree, (leaf, path) => leaves.get(path) ?? leaf) as Whole;
}
