/** A configuration as YAML with what every key means beside it, so that nobody has to read the source to change one. */
import type { z } from "zod";
import { type TrainConfig, trainConfigSchema } from "./schema.js";
import { child, describe, discriminator, fields } from "./walk.js";

const commentColumn = 46;

/** The whole configuration as commented YAML; it reads back as the same configuration. */
export function printConfig(config: TrainConfig): string {
  return `${mapping(trainConfigSchema, config, "").join("\n")}\n`;
}

function mapping(schema: z.ZodType, value: object, indent: string): string[] {
  const lines: string[] = [];
  const shape = fields(schema, value) ?? {};
  for (const key of Object.keys(shape)) {
    const part = (value as Record<string, unknown>)[key];
    if (part === undefined) continue;
    const partSchema = child(schema, key, value)!;
    const note = comment(partSchema);
    if (isPlainObject(part)) {
      if (indent === "") lines.push("");
      lines.push(withComment(`${indent}${key}:`, note), ...mapping(partSchema, part, `${indent}  `));
    } else if (Array.isArray(part) && part.some((entry) => typeof entry === "object")) {
      lines.push(withComment(`${indent}${key}:`, note), ...sequence(partSchema, part, `${indent}  `));
    } else {
      lines.push(withComment(`${indent}${key}: ${scalar(part)}`, note));
    }
  }
  return lines;
}

function sequence(schema: z.ZodType, values: readonly unknown[], indent: string): string[] {
  return values.flatMap((value, i) => {
    const element = child(schema, i, values)!;
    const inner = Array.isArray(value)
      ? sequence(element, value, `${indent}  `)
      : isPlainObject(value)
        ? mapping(element, value, `${indent}  `)
        : [`${indent}  ${scalar(value)}`];
    const [first = "{}", ...rest] = inner;
    return [`${indent}- ${first.trimStart()}`, ...rest];
  });
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON is YAML; a list is spread a little, a bare word stays bare. */
function scalar(value: unknown): string {
  if (
    typeof value === "string" &&
    /^[a-z][a-z0-9-]*$/i.test(value) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(value)
  )
    return value;
  return JSON.stringify(value).replaceAll(",", ", ");
}

function comment(schema: z.ZodType): string | undefined {
  const text = describe(schema);
  const names = discriminator(schema)?.names;
  return names && text ? `${text}: ${names.join(", ")}` : text;
}

function withComment(line: string, text: string | undefined): string {
  return text ? `${line.padEnd(commentColumn)} # ${text}` : line;
}
