/** How a configuration makes views: by the name of a recipe, or by its own lists of augmentations. */
import { z } from "zod";
import { presetNames } from "../../augment/presets.js";
import { augmentationSchema } from "../../augment/schema.js";

/** Where pipelines are given and no preset is named, there is none. */
function withoutPreset(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const views = value as { preset?: unknown; pipelines?: unknown };
  return views.preset === undefined && Array.isArray(views.pipelines) ? { ...views, preset: null } : value;
}

export const viewsSchema = z.preprocess(
  withoutPreset,
  z
    .strictObject({
      preset: z
        .enum(presetNames)
        .nullable()
        .default("standard")
        .describe(`recipe: ${presetNames.join(", ")}; null: the pipelines below`),
      count: z.int().min(1).default(2).describe("views of each image"),
      pipelines: z
        .array(z.array(augmentationSchema))
        .min(1)
        .nullable()
        .default(null)
        .describe("instead of a preset, augmentations in order: one list for all views, or one each"),
    })
    .refine(({ preset, pipelines }) => (preset === null) !== (pipelines === null), {
      error: "expected a preset or pipelines: one of them, and the other null",
    }),
);

export type ViewsConfig = z.infer<typeof viewsSchema>;
