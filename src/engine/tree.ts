/**
 * Trees: arrays and plain objects, nested, with leaves of one kind. Parameters, optimiser states and batches are trees,
 * so that a step is a function from trees to trees. Object keys keep their order of insertion; `null` and `undefined`
 * are empty subtrees.
 */
import { JesslError } from "../support/errors.js";

/** Leaves in arrays and plain objects, nested in any way. */
export type Tree<T> = T | null | undefined | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The shape of a tree without its leaves. */
export type TreeDefinition =
  | { readonly kind: "leaf" }
  | { readonly kind: "empty"; readonly value: null | undefined }
  | { readonly kind: "array"; readonly children: readonly TreeDefinition[] }
  | {
      readonly kind: "object";
      readonly keys: readonly string[];
      readonly children: readonly TreeDefinition[];
    };

const leafDefinition: TreeDefinition = { kind: "leaf" };

function isContainer(value: unknown): value is readonly unknown[] | { readonly [key: string]: unknown } {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !isTagged(value);
}

// Host tensors are plain objects, yet leaves.
function isTagged(value: object): boolean {
  return "data" in value && "shape" in value && "dtype" in value;
}

/** Splits a tree into its leaves, in order, and its definition. */
export function flatten<T>(tree: Tree<T>): { leaves: T[]; definition: TreeDefinition } {
  const leaves: T[] = [];
  const visit = (node: Tree<T>): TreeDefinition => {
    if (node === null || node === undefined) return { kind: "empty", value: node as null | undefined };
    if (!isContainer(node)) {
      leaves.push(node as T);
      return leafDefinition;
    }
    if (Array.isArray(node)) return { kind: "array", children: node.map(visit) };
    const keys = Object.keys(node);
    const children = keys.map((key) => visit((node as { readonly [key: string]: Tree<T> })[key]));
    return { kind: "object", keys, children };
  };
  return { definition: visit(tree), leaves };
}

/** Builds a tree from a definition and as many leaves as it has. */
export function unflatten<T>(definition: TreeDefinition, leaves: readonly T[]): Tree<T> {
  let next = 0;
  const visit = (node: TreeDefinition): Tree<T> => {
    switch (node.kind) {
      case "leaf":
        if (next >= leaves.length) throw new JesslError(`leaves: expected more than ${leaves.length}`);
        return leaves[next++] as T;
      case "empty":
        return node.value;
      case "array":
        return node.children.map(visit);
      case "object":
        return Object.fromEntries(node.keys.map((key, i) => [key, visit(node.children[i]!)]));
    }
  };
  const tree = visit(definition);
  if (next !== leaves.length) throw new JesslError(`leaves: expected ${next}, got ${leaves.length}`);
  return tree;
}

/** The tree with `change` applied to every leaf; `path` is the leaf's place, such as `block1.conv.kernel`. */
export function mapTree<T, U>(tree: Tree<T>, change: (leaf: T, path: string) => U): Tree<U> {
  const paths = leafPaths(tree);
  const { leaves, definition } = flatten(tree);
  return unflatten(
    definition,
    leaves.map((leaf, i) => change(leaf, paths[i]!)),
  );
}

/** One tree from several of the same definition, leaf by leaf. */
export function zipTrees<T, U>(
  trees: readonly Tree<T>[],
  combine: (leaves: T[], path: string) => U,
): Tree<U> {
  const flat = trees.map((tree) => flatten(tree));
  const first = flat[0];
  if (!first) throw new JesslError("trees: expected at least one, got none");
  const paths = leafPaths(trees[0]!);
  flat.forEach(({ definition }, i) => {
    if (definitionKey(definition) !== definitionKey(first.definition))
      throw new JesslError(
        `tree ${i}: expected the structure ${definitionKey(first.definition)}, got ${definitionKey(definition)}`,
      );
  });
  return unflatten(
    first.definition,
    first.leaves.map((_, i) =>
      combine(
        flat.map(({ leaves }) => leaves[i] as T),
        paths[i]!,
      ),
    ),
  );
}

/** The place of every leaf, keys joined by dots, in the order of `flatten`. */
export function leafPaths<T>(tree: Tree<T>): string[] {
  const paths: string[] = [];
  const visit = (node: Tree<T>, path: string): void => {
    if (node === null || node === undefined) return;
    if (!isContainer(node)) {
      paths.push(path);
      return;
    }
    for (const [key, child] of Object.entries(node)) visit(child as Tree<T>, path ? `${path}.${key}` : key);
  };
  visit(tree, "");
  return paths;
}

/** A text that is the same for two trees if and only if they have the same definition. */
export function definitionKey(definition: TreeDefinition): string {
  switch (definition.kind) {
    case "leaf":
      return "*";
    case "empty":
      return definition.value === null ? "null" : "undefined";
    case "array":
      return `[${definition.children.map(definitionKey).join(",")}]`;
    case "object":
      return `{${definition.keys.map((key, i) => `${JSON.stringify(key)}:${definitionKey(definition.children[i]!)}`).join(",")}}`;
  }
}
