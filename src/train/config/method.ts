/** The methods that a configuration can name. */
import { z } from "zod";

const simclr = z.strictObject({
  name: z.literal("simclr"),
  temperature: z.number().positive().default(0.2).describe("τ of NT-Xent"),
});

export const methodSchema = z.discriminatedUnion("name", [simclr]);

export type MethodConfig = z.infer<typeof methodSchema>;
