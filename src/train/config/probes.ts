/** The online probes of a run. */
import { z } from "zod";

const online = z.strictObject({
  lr: z.number().positive().default(1e-4).describe("learning rate of the probes' own AdamW"),
  weightDecay: z.number().nonnegative().default(0.01).describe("weight decay of the probes"),
});

/** `true` stands for the defaults, `false` for none. */
function fromBoolean(value: unknown): unknown {
  if (value === true) return {};
  return value === false ? null : value;
}

export const probesSchema = z
  .strictObject({
    online: z
      .preprocess(fromBoolean, online.nullable())
      .prefault(null)
      .describe("linear probes on the representation and each projector layer: true, false, or { lr: … }"),
    only: z
      .boolean()
      .default(false)
      .describe("train the probes alone: encoder and projector stay as they are"),
    from: z
      .string()
      .nullable()
      .default(null)
      .describe("the run's folder whose encoder and projector they look at; null: untrained ones"),
  })
  .refine(({ online, only }) => !only || online !== null, {
    path: ["only"],
    error: "expected probes.online with it",
  })
  .refine(({ only, from }) => only || from === null, {
    path: ["from"],
    error: "expected null without probes.only",
  });

export type ProbesConfig = z.infer<typeof probesSchema>;
