/** `jessl bench data`: names are checked; the two works describe all that their sides need. */
import { describe, expect, test } from "vitest";
import { benchData, dataWorks } from "../../bench/data.js";
import { ConfigError } from "../../src/support/errors.js";

describe("jessl bench data", () => {
  test("a work that is unknown is named", async () => {
    const options = { names: ["raw-23"], rounds: 1, turnMs: 1, workers: 1, log: () => {} };
    await expect(benchData(options)).rejects.toThrow(ConfigError);
    await expect(benchData(options)).rejects.toThrow(/^unknown work raw-23: .*raw-32/);
  });

  test("every work has a side of ours and a peer", () => {
    for (const { ours, peers } of dataWorks) {
      expect(ours.length).toBeGreaterThan(0);
      expect(peers.length).toBeGreaterThan(0);
    }
  });
});
