/** `jessl bench views`: it measures every recipe of a work and writes nothing when only some works are asked for. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { benchViews, viewsPath } from "../../bench/views.js";

const saved = () => (existsSync(viewsPath) ? readFileSync(viewsPath, "utf8") : undefined);

test("rows of the small work", async () => {
  const before = saved();
  const lines: string[] = [];
  const rows = await benchViews({
    names: ["convnet-small"],
    rounds: 2,
    threads: 1,
    profile: true,
    log: (line) => lines.push(line),
  });
  expect(rows.map(({ work, recipe, views, rounds }) => [work, recipe, views, rounds])).toEqual([
    ["convnet-small", "standard", 32, 2],
    ["convnet-small", "noise-only", 32, 2],
  ]);
  for (const row of rows) {
    expect(row.share).toBeGreaterThan(0);
    expect(row.share).toBeLessThan(1);
    expect(row.views_per_s).toBeGreaterThan(0);
  }
  // A heading, and of each recipe the profile and the row.
  expect(lines).toHaveLength(5);
  expect(lines[1]).toMatch(/^views: .* ms a run.*operator/s);
  expect(saved()).toBe(before);
});
