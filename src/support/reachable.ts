/** Walking what hangs together: the nodes of a graph that others come of, or lead to. */

/** All that is reached from `start`, with it, by going on from each to `next` of it. */
export function reachable<T>(start: Iterable<T>, next: (from: T) => Iterable<T>): Set<T> {
  const found = new Set(start);
  // What is added while a set is walked is walked, too.
  for (const one of found) for (const other of next(one)) found.add(other);
  return found;
}
