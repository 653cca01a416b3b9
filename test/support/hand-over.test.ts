import { join } from "node:path";
import { Piscina } from "piscina";
import { afterAll, expect, test } from "vitest";

const pool = new Piscina({ filename: join(import.meta.dirname, "hand-over-worker.mjs"), maxThreads: 1 });
afterAll(() => pool.destroy());

test("a worker's result arrives whole, and the worker keeps none of its memory", async () => {
  expect(await pool.run("make")).toEqual({ bytes: new Uint8Array(8).fill(7), name: "sevens" });
  expect(await pool.run("left")).toBe(0);
});
