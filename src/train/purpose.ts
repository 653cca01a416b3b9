/** What a run's seed is used for, folded into it first, so that no two uses share random numbers. */
export const purpose = { weights: 0, order: 1, views: 2, negatives: 3, probes: 4 } as const;
