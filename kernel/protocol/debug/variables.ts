/** Values as the Debug Adapter Protocol shows them: a text, a type, and a number by which a front end asks for what is in it. */
import type { Runtime } from "node:inspector";
import type { RemoteInspector } from "./inspector.js";

/** A variable as a front end shows it. */
export interface Variable {
  name: string;
  value: string;
  /** Of objects and functions: JupyterLab shows the type where there is one, and else the value. */
  type?: string;
  variablesReference: number;
  evaluateName?: string;
}

// V8 keeps the objects of a group alive until the group is released; those of a pause it releases by itself.
const objectGroup = "cells";

/** The objects that the front end may ask for: of one pause, and of the last list of the cells' variables. */
export class Variables {
  private readonly inspector: RemoteInspector;
  private references = new Map<number, { objectId: string; listed: boolean }>();
  private count = 0;

  constructor(inspector: RemoteInspector) {
    this.inspector = inspector;
  }

  /** Forgets the objects of the pause before. */
  clear(): void {
    this.forget(({ listed }) => !listed);
  }

  /** A number for an object. @param listed whether it is of the list of the cells' variables, or in one of these */
  reference(objectId: string | undefined, listed = false): number {
    if (objectId === undefined) return 0;
    this.count += 1;
    this.references.set(this.count, { objectId, listed });
    return this.count;
  }

  show(name: string, value: Runtime.RemoteObject, listed = false): Variable {
    const text =
      value.type === "string"
        ? JSON.stringify(value.value)
        : (value.description ?? String(value.value ?? value.type));
    return {
      name,
      value: text,
      ...(value.type === "function" && { type: "Function" }),
      ...(value.type === "object" && value.objectId !== undefined && { type: text }),
      variablesReference: this.reference(value.objectId, listed),
      evaluateName: name,
    };
  }

  /** What is in an object; nothing for a number of an earlier pause or list. */
  async children(reference: number): Promise<Variable[]> {
    const known = this.references.get(reference);
    if (known === undefined) return [];
    const properties = await this.inspector.properties(known.objectId);
    return properties
      .filter(({ value, name }) => value !== undefined && !name.startsWith("__kernel"))
      .map(({ name, value }) => this.show(name, value!, known.listed));
  }

  /** The names that cells have declared, with their values; those of the list before are let go. */
  async ofCells(): Promise<Variable[]> {
    this.forget(({ listed }) => listed);
    await this.inspector.post("Runtime.releaseObjectGroup", { objectGroup });
    const { names } = await this.inspector.post<Runtime.GlobalLexicalScopeNamesReturnType>(
      "Runtime.globalLexicalScopeNames",
    );
    const found: Variable[] = [];
    for (const name of [...new Set(names)]) {
      const { result, exceptionDetails } = await this.inspector.post<Runtime.EvaluateReturnType>(
        "Runtime.evaluate",
        {
          expression: name,
          objectGroup,
          silent: true,
          throwOnSideEffect: true,
        },
      );
      if (exceptionDetails === undefined) found.push(this.show(name, result, true));
    }
    return found;
  }

  private forget(isOver: (reference: { listed: boolean }) => boolean): void {
    for (const [number, reference] of this.references) if (isOver(reference)) this.references.delete(number);
  }
}
