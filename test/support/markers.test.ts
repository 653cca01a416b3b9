import { expect, test } from "vitest";
import { replaceMarked } from "../../src/support/markers.js";

const text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n<!-- y:begin -->\n<!-- y:end -->\n";

test("what stands between the markers is replaced, again and again, and nothing else", () => {
  const once = replaceMarked(text, "x", "new\nlines");
  expect(once).toBe(text.replace("old", "new\nlines"));
  expect(replaceMarked(once, "x", "old")).toBe(text);
  expect(replaceMarked(text, "y", "z")).toContain("<!-- y:begin -->\nz\n<!-- y:end -->");
});

test("missing markers are an error that names them", () => {
  expect(() => replaceMarked(text, "z", "", "README.md")).toThrow(/README.md: expected <!-- z:begin -->/);
  expect(() => replaceMarked("<!-- x:end --><!-- x:begin -->", "x", "")).toThrow(/found not both/);
});
