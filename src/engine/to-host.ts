/** Trees of tensors, wherever these lie, brought to the host. */
import type { HostTensor } from "./host.js";
import { flatten, type Tree, unflatten } from "./tree.js";

/** A tensor elsewhere that can be copied to the host. */
export interface Copied {
  host(): Promise<HostTensor>;
}

/** The tree with every tensor on the host; those that are there already are the same ones. */
export async function toHost(tree: Tree<HostTensor | Copied>): Promise<Tree<HostTensor>> {
  const { leaves, definition } = flatten<HostTensor | Copied>(tree);
  return unflatten(
    definition,
    await Promise.all(leaves.map((leaf) => ("host" in leaf ? leaf.host() : leaf))),
  );
}
