import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostTensor, hostZeros, isHostTensor } from "../../src/engine/host.js";
import {
  definitionKey,
  flatten,
  leafPaths,
  mapTree,
  type Tree,
  unflatten,
  zipTrees,
} from "../../src/engine/tree.js";
import { ShapeError } from "../../src/support/errors.js";

const trees: fc.Arbitrary<Tree<number>> = fc.letrec<{ tree: Tree<number> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.constantFrom(null, undefined),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).tree;

describe("trees", () => {
  it("come back from their leaves and definition", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { leaves, definition } = flatten(tree);
        expect(unflatten(definition, leaves)).toEqual(tree);
      }),
    );
  });

  it("have one path a leaf, and different ones", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const paths = leafPaths(tree);
        expect(paths.length).toBe(flatten(tree).leaves.length);
        expect(new Set(paths).size).toBe(paths.length);
      }),
    );
  });

  it("map by composition: mapping g after f is mapping both at once", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const twice = mapTree<number, number>(
          mapTree<number, number>(tree, (x) => x + 1),
          (x) => x * 2,
        );
        expect(twice).toEqual(mapTree<number, number>(tree, (x) => (x + 1) * 2));
      }),
    );
  });

  it("have equal keys exactly when their definitions are equal", () => {
    fc.assert(
      fc.property(trees, trees, (a, b) => {
        const [x, y] = [flatten(a).definition, flatten(b).definition];
        let equal = true;
        try {
          expect(x).toStrictEqual(y);
        } catch {
          equal = false;
        }
        expect(definitionKey(x) === definitionKey(y)).toBe(equal);
      }),
    );
  });

  it("zip leaf by leaf, and refuse trees of another structure with both structures named", () => {
    expect(
      zipTrees<number, number>(
        [
          { a: 1, b: [2] },
          { a: 3, b: [4] },
        ],
        ([x, y]) => x! * y!,
      ),
    ).toEqual({ a: 3, b: [8] });
    expect(() => zipTrees<number, number>([{ a: 1 }, { b: 1 }], ([x]) => x!)).toThrow(
      /tree 1: expected.*"a".*got.*"b"/,
    );
  });

  it("refuse too few and too many leaves", () => {
    const { definition } = flatten<number>([1, 2]);
    expect(() => unflatten(definition, [1])).toThrow(/leaves: expected more than 1/);
    expect(() => unflatten(definition, [1, 2, 3])).toThrow(/leaves: expected 2, got 3/);
  });

  it("take host tensors as leaves", () => {
    const tensor = hostZeros([2]);
    expect(flatten<unknown>({ a: [tensor] } as Tree<unknown>).leaves).toEqual([tensor]);
  });
});

describe("host tensors", () => {
  it("check the number of elements, the lengths and the type", () => {
    expect(() => hostTensor(new Float32Array(3), [2, 2])).toThrow(ShapeError);
    expect(() => hostTensor(new Float32Array(3), [2, 2])).toThrow(
      "data: expected 4 elements for [2, 2], got 3",
    );
    expect(() => hostTensor(new Float32Array(0), [-1])).toThrow(/lengths of 0 or more/);
    expect(() => hostTensor(new Float32Array(1), [1], "int32")).toThrow(
      /expected float32 for a Float32Array, got int32/,
    );
  });

  it("know their type from the array", () => {
    expect(hostTensor(new Uint8Array(2), [2]).dtype).toBe("uint8");
    expect(hostTensor(new Uint8Array(2), [2], "bool").dtype).toBe("bool");
    expect(hostTensor(new Int32Array(2), [2]).dtype).toBe("int32");
    expect(isHostTensor(hostZeros([1]))).toBe(true);
    expect(isHostTensor({ data: [1], shape: [1], dtype: "float32" })).toBe(false);
  });
});
