/** The legend above a plot: no wider than the plot, in as many rows as that takes. */
import { textWidth } from "./text-width.js";

const fontSize = 11;
/** Pixels of an entry beside its text: the symbol, and the blank before the next one. */
const besideText = 36;

/** The legend of these entries. @param width of the plot, in pixels */
export function topLegend(entries: readonly string[], width: number): object {
  const widths = [...new Set(entries)].map((entry) => textWidth(entry, fontSize) + besideText);
  const inOneRow = widths.reduce((sum, one) => sum + one, 0) <= width;
  const columns = Math.max(1, Math.floor(width / Math.max(...widths)));
  return { orient: "top", ...(!inOneRow && { columns }) };
}
