/**
 * The course of a training: the loss and what else each step reports, averaged over a few stretches of it, so that the
 * results can hold it.
 */
import type { Metrics } from "../../src/train/run-folder.js";

/** Means over one stretch. */
export interface CoursePoint {
  /** Where the stretch ends, in epochs. */
  readonly epoch: number;
  readonly loss: number;
  /** Directions over which the embeddings of a batch spread, (tr C)² / tr C² of their covariance. */
  readonly rank: number;
  /** The mean cosine of two views of an image, for methods that compare pairs. */
  readonly alignment?: number;
}

/** One training's course. */
export interface Course {
  readonly condition: string;
  readonly dataset: string;
  readonly seed: number;
  /** SimCLR's τ; its loss is −alignment / τ, which attracts, and the rest, which repels. */
  readonly temperature?: number;
  readonly points: readonly CoursePoint[];
}

const mostPoints = 30;
const rounded = (value: number): number => Number(value.toPrecision(5));

/** The means of every stretch of a run's steps. */
export function courseOf(steps: readonly Metrics[]): CoursePoint[] {
  const length = Math.max(1, Math.ceil(steps.length / mostPoints));
  return Array.from({ length: Math.ceil(steps.length / length) }, (_, i) => {
    const stretch = steps.slice(i * length, (i + 1) * length);
    const mean = (name: string): number | undefined =>
      stretch.every((step) => typeof step[name] === "number")
        ? rounded(stretch.reduce((sum, step) => sum + step[name]!, 0) / stretch.length)
        : undefined;
    const alignment = mean("alignment");
    return {
      epoch: stretch.at(-1)!.epoch,
      loss: mean("loss")!,
      rank: mean("rank")!,
      ...(alignment !== undefined && { alignment }),
    };
  });
}

/** The two parts of SimCLR's loss at a point. */
export function lossParts(
  { loss, alignment = 0 }: CoursePoint,
  temperature: number,
): { attraction: number; repulsion: number } {
  const attraction = -alignment / temperature;
  return { attraction, repulsion: loss - attraction };
}
