/** Grouping, as `Map.groupBy` of newer Nodes does it. */

/** Values by their key, keys and values in the order in which they came. */
export function groupBy<T, K>(values: Iterable<T>, key: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const name = key(value);
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

/** The second parts of pairs by the first ones, in the order in which they came. */
export function groupPairs<K, T>(pairs: Iterable<readonly [K, T]>): Map<K, T[]> {
  const groups = groupBy(pairs, ([key]) => key);
  return new Map([...groups].map(([key, own]) => [key, own.map(([, value]) => value)]));
}
