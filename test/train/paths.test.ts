/** Parameters chosen by their path. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/support/errors.js";
import { chosen, overlay, pathFilter } from "../../src/train/paths.js";

const tree = { encoder: { block1: { kernel: 1, bias: 2 }, block10: { kernel: 3 } }, head: [4, 5] };
const paths = ["encoder.block1.kernel", "encoder.block1.bias", "encoder.block10.kernel", "head.0", "head.1"];

describe("patterns", () => {
  test.each([
    ["encoder.block1", ["encoder.block1.kernel", "encoder.block1.bias"]],
    ["encoder", paths.slice(0, 3)],
    ["*.kernel", ["encoder.block1.kernel", "encoder.block10.kernel"]],
    ["encoder.block*", paths.slice(0, 3)],
    ["head.1", ["head.1"]],
    ["*", paths],
  ])("%s", (pattern, expected) => {
    expect(paths.filter(pathFilter([pattern], paths, "freeze"))).toEqual(expected);
  });

  test("none chooses nothing; one that matches nothing is an error that suggests", () => {
    expect(paths.filter(pathFilter([], paths, "freeze"))).toEqual([]);
    expect(() => pathFilter(["encoder.blok1"], paths, "freeze")).toThrow(ConfigError);
    expect(() => pathFilter(["head", "encoder.blok1"], paths, "freeze")).toThrow(
      "freeze: no parameter matches encoder.blok1; did you mean encoder.block1?",
    );
  });
});

test("a part laid over the whole gives the whole with that part", () => {
  const part = chosen(tree, (path) => path.includes("kernel") || path === "head.1");
  expect(part).toEqual({
    encoder: { block1: { kernel: 1, bias: null }, block10: { kernel: 3 } },
    head: [null, 5],
  });
  const other = {
    encoder: { block1: { kernel: 10, bias: null }, block10: { kernel: 30 } },
    head: [null, 50],
  };
  expect(overlay(tree, other)).toEqual({
    encoder: { block1: { kernel: 10, bias: 2 }, block10: { kernel: 30 } },
    head: [4, 50],
  });
});
