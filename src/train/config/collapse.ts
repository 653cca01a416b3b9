/** When a run counts as collapsed, and what happens then. */
import { z } from "zod";

export const collapseSchema = z.strictObject({
  action: z
    .enum(["warn", "stop", "ignore"])
    .default("warn")
    .describe("what to do: say so, end the run with an error, or nothing"),
  std: z
    .number()
    .nonnegative()
    .default(0.05)
    .describe("bound for std in metrics.jsonl: 1 is spread evenly over the sphere, 0 is one point"),
  rank: z
    .number()
    .nonnegative()
    .default(1.2)
    .describe("bound for rank in metrics.jsonl: the number of directions"),
  steps: z.int().positive().default(50).describe("how many steps in a row below a bound it takes"),
});

export type CollapseConfig = z.infer<typeof collapseSchema>;
