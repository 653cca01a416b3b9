/** A laboratory that trains nothing: it makes rows up, of the first encoders that are asked for, and counts them all. */
import { factNames } from "../../reproductions/speed/timed.js";
import type { Laboratory, RowRequest } from "../../reproductions/support/laboratory.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { row } from "./rows.js";

export interface Asked {
  readonly condition: string;
  readonly beside: boolean;
  /** The resolved configuration. */
  readonly config: ReturnType<typeof parseConfig>;
}

/** @param known how many of the encoders that are asked for are known */
export function fakeLaboratory(known = Number.POSITIVE_INFINITY) {
  const rows: Row[] = [];
  const asked: Asked[] = [];
  let expected = 0;
  const give = (
    condition: string,
    { config, factors, beside = false }: RowRequest,
    timed = false,
  ): Promise<Row[]> => {
    const complete = parseConfig(config);
    asked.push({ condition, beside, config: complete });
    if (asked.length > known) return Promise.resolve([]);
    const { seed, epochs, data } = complete;
    const facts = Array.from({ length: timed ? epochs : 0 }, (_, i) => [
      [factNames.seconds(i + 1), i + 1],
      [factNames.knn(i + 1), 70 + i],
    ]).flat();
    const tasks = data.name === "scenes" ? ["shape", "colour", "count"] : ["class"];
    const accuracy = 60 + ((asked.length * 7) % 20);
    const made = tasks.map((task) =>
      row(condition, seed, accuracy, { ...factors, ...Object.fromEntries(facts), dataset: data.name, task }),
    );
    rows.push(...made);
    return Promise.resolve(made);
  };
  const laboratory: Laboratory = {
    expect(count) {
      expected = count;
    },
    train: (request) => give(request.condition, request),
    experiment: (request) => give(request.condition, request, true),
    supervised: (request) => give("supervised", request),
    untrained: async (request) => [
      ...(await give("untrained", request)),
      ...(await give("untrained, statistics of the data", request)),
    ],
    rawPixels: (request) => give("raw pixels", request),
  };
  return { laboratory, rows, asked, expected: () => expected };
}
