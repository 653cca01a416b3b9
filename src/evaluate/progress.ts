/**
 * How far an evaluation is. What takes longer than a moment (features, kNN, a probe) is a part of it, which tells the
 * share of itself that is done.
 */

/** Told the share of a part that is done, 0 … 1. */
export type OnShare = (share: number) => void;

/** A part in two sections, in work one after the other and as long as they are large: what is told of each, told of the part. */
export function sections(onShare: OnShare, first: number, second: number): readonly [OnShare, OnShare] {
  const middle = first / (first + second);
  return [
    (share) => onShare(middle * Math.min(1, share)),
    (share) => onShare(middle + (1 - middle) * Math.min(1, share)),
  ];
}

/** Runs a part. */
export type PartRunner = <T>(name: string, work: (onShare: OnShare) => T | Promise<T>) => Promise<T>;

/** Where an evaluation is. */
export interface EvaluationProgress {
  /** What is in work, such as `cifar10 · untrained · kNN`. */
  readonly part: string;
  /** Parts that are done; one that is half done counts half. */
  readonly done: number;
  readonly total: number;
}

/** Runs parts and says nothing. */
export const untold: PartRunner = async (_, work) => work(() => {});

/** Runs `total` parts one after the other, and tells how far they are. */
export function counted(
  total: number,
  onProgress: ((progress: EvaluationProgress) => void) | undefined,
): PartRunner {
  if (!onProgress) return untold;
  let before = 0;
  return async (part, work) => {
    let last = -1;
    const tell = (share: number): void => {
      const now = Math.min(1, share);
      if (now > last) onProgress({ part, done: before + now, total });
      last = now;
    };
    tell(0);
    const result = await work(tell);
    tell(1);
    before++;
    return result;
  };
}

/** The same runner, under whose name others stand. */
export const under =
  (heading: string, run: PartRunner): PartRunner =>
  (name, work) =>
    run(`${heading} · ${name}`, work);
