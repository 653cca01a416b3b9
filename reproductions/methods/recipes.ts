/** The recipe of each method: what differs from its defaults. All else is the same for all. */

/** Options of `method` in a training configuration, by the method's name. */
export const methodRecipes: Readonly<Record<string, object>> = {
  simclr: { temperature: 0.2 },
  vicreg: {},
  "barlow-twins": {},
  // A short run wants a teacher that follows in tens of steps.
  byol: { momentum: 0.98 },
  dcl: { temperature: 0.2 },
  simsiam: {},
  moco: { momentum: 0.98, queue: 1024 },
  supcon: { temperature: 0.1 },
};

/** Standard deviation of the noise; pixels lie in 0 … 1. */
export const sigma = 0.5;

/** Whether a method is told the labels: it stands beside the others, and decides nothing. */
export function usesLabels(method: string): boolean {
  return method === "supcon" || method === "supervised";
}
