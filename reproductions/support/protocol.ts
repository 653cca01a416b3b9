/**
 * What a reproduction is: a claim, the experiments that test it at a stated scale, and a rule that turns their results
 * into a verdict. The rule stands here, in text and in code, before any result does.
 */
import type { Figure, Interval } from "../../src/figure/index.js";
import type { Course } from "./course.js";
import type { Laboratory } from "./laboratory.js";
import type { PaperRun } from "./paper.js";

export const profileNames = ["smoke", "quick", "full"] as const;
/** smoke: seconds, does everything run; quick: minutes, does the claim show; full: hours, what may be quoted. */
export type ProfileName = (typeof profileNames)[number];

/** One trained or untrained encoder, measured. */
export interface Row {
  readonly claim: string;
  /** What sets it apart from the other rows with the same factors: a recipe, or a control. */
  readonly condition: string;
  readonly seed: number;
  /** Test accuracy of the weighted nearest neighbours, %. */
  readonly knn: number;
  /** Test accuracy of the linear probe, %. */
  readonly linear: number;
  /** Effective rank of the representation of the test images. */
  readonly effectiveRank: number;
  /** Wall time of training and measuring. */
  readonly seconds: number;
  /** What else was varied or measured: batch, lr, task, sigma, … */
  readonly [factor: string]: string | number;
}

export type VerdictWord = "holds" | "holds in part" | "does not hold at this scale" | "not decided";

/** A number that a claim stands for, which a rerun must find again. */
export interface KeyNumber {
  /** Unique within the claim. */
  readonly name: string;
  /** In words, with its unit. */
  readonly what: string;
  readonly value: Interval;
  /** How far a rerun may be from it on another machine, and why so far. */
  readonly tolerance: Tolerance;
}

export interface Tolerance {
  readonly within: number;
  readonly because: string;
}

export interface Conclusion {
  readonly verdict: VerdictWord;
  /** What `jessl headlines` holds a rerun against. */
  readonly numbers?: readonly KeyNumber[];
  /** The numbers that decided, one sentence each. */
  readonly findings: readonly string[];
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly figures: readonly { readonly name: string; readonly figure: Figure }[];
}

export interface Protocol {
  /** As on the command line and as the folder's name. */
  readonly name: string;
  /** What the paper says. */
  readonly claim: string;
  readonly link: string;
  /** The rule that decides the verdict, in words; `conclude` is the same in code. */
  readonly rule: string;
  /** How each profile is smaller than the paper's experiment. */
  readonly scale: Readonly<Record<ProfileName, string>>;
  /** The experiments at the paper's own size, which are written as configurations and not run here. */
  readonly paper?: readonly PaperRun[];
  /** Runs all experiments of a profile; rows that are known are not run again. */
  run(laboratory: Laboratory, profile: ProfileName): Promise<void>;
  /** From rows to the verdict, a pure function; the courses of some trainings are for figures. */
  conclude(rows: readonly Row[], profile: ProfileName, courses?: readonly Course[]): Conclusion;
}
