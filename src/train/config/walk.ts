/**
 * Walking through a zod schema beside a value. The configuration's errors, overrides and commented print all need to
 * know which keys stand at a place, what they mean and what their default is; zod has it, and this file finds it.
 */
import type { z } from "zod";

/** A place in a configuration, such as `["views", "pipelines", 0]`. */
export type Path = readonly (string | number)[];

/** The part of zod's definition that is used here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string>>;
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

/** The schema without what is wrapped around it: defaults, optional, nullable. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType, in: input, out } = definition(schema);
  // Of a pipe the part that describes what is written: not a function that prepares it.
  const inner = innerType ?? (input && definition(input).type === "transform" ? out : input);
  return inner ? unwrap(inner) : schema;
}

/** The description of a schema, be it on the wrapped or on the inner one. */
export function describe(schema: z.ZodType): string | undefined {
  const { innerType } = definition(schema);
  return schema.description ?? (innerType ? describe(innerType) : undefined);
}

/** What a choice between named objects is decided by: `name`, and the names. */
export function discriminator(schema: z.ZodType): { key: string; names: readonly string[] } | undefined {
  const { discriminator: key, options } = definition(unwrap(schema));
  if (!key || !options) return undefined;
  return { key, names: options.flatMap((option) => namesOf(option, key)) };
}

function namesOf(option: z.ZodType, key: string): string[] {
  return literalValues(definition(unwrap(option)).shape?.[key]);
}

/** The words that a literal or an enumeration allows. */
export function literalValues(schema: z.ZodType | undefined): string[] {
  if (!schema) return [];
  const { values, entries } = definition(unwrap(schema));
  return (values ?? Object.values(entries ?? {})).map(String);
}

/** The object's fields at this place; of a choice, those of the object that `value` names. */
export function fields(schema: z.ZodType, value: unknown): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = unwrap(schema);
  const { shape, options, discriminator: key } = definition(inner);
  if (shape) return shape;
  if (!options || !key) return undefined;
  const name = (value as Record<string, unknown> | undefined)?.[key];
  const chosen = options.find((option) => namesOf(option, key).includes(String(name)));
  return chosen ? fields(chosen, value) : undefined;
}

/** The schema one step further: a field of an object or an element of an array. */
export function child(schema: z.ZodType, key: string | number, value: unknown): z.ZodType | undefined {
  const { element } = definition(unwrap(schema));
  if (element) return element;
  return fields(schema, value)?.[String(key)];
}

/** The schema at a place of `value`, or undefined when there is none. */
export function schemaAt(schema: z.ZodType, value: unknown, path: Path): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema;
  let part = value;
  for (const key of path) {
    here = here && child(here, key, part);
    part = (part as Record<string | number, unknown> | undefined)?.[key];
  }
  return here;
}

/** The value at a place, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  let part = value;
  for (const key of path) part = (part as Record<string | number, unknown> | null | undefined)?.[key];
  return part;
}
