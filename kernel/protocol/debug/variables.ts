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

/** The objects that the front end may ask for during one pause. */
export class Variables {
  private readonly inspector: RemoteInspector;
  private references = new Map<number, string>();
  private count = 0;

  constructor(inspector: RemoteInspector) {
    this.inspector = inspector;
  }

  /** Forgets the objects: the numbers hold for one pause. */
  clear(): void {
    this.references = new Map();
  }

  /** A number for an object. */
  reference(objectId: string | undefined): number {
    if (objectId === undefined) return 0;
    this.count += 1;
    this.references.set(this.count, objectId);
    return this.count;
  }

  show(name: string, value: Runtime.RemoteObject): Variable {
    const text =
      value.type === "string"
        ? JSON.stringify(value.value)
        : (value.description ?? String(value.value ?? value.type));
    return {
      name,
      value: text,
      ...(value.type === "function" && { type: "Function" }),
      ...(value.type === "object" && value.objectId !== undefined && { type: text }),
      variablesReference: this.reference(value.objectId),
      evaluateName: name,
    };
  }

  /** What is in an object; nothing for a number of an earlier pause. */
  async children(reference: number): Promise<Variable[]> {
    const objectId = this.references.get(reference);
    if (objectId === undefined) return [];
    const properties = await this.inspector.properties(objectId);
    return properties
      .filter(({ value, name }) => value !== undefined && !name.startsWith("__kernel"))
      .map(({ name, value }) => this.show(name, value!));
  }

  /** The names that cells have declared, with their values. */
  async ofCells(): Promise<Variable[]> {
    const { names } = await this.inspector.post<Runtime.GlobalLexicalScopeNamesReturnType>(
      "Runtime.globalLexicalScopeNames",
    );
    const found: Variable[] = [];
    for (const name of [...new Set(names)]) {
      const { result, exceptionDetails } = await this.inspector.post<Runtime.EvaluateReturnType>(
        "Runtime.evaluate",
        {
          expression: name,
          silent: true,
          throwOnSideEffect: true,
        },
      );
      if (exceptionDetails === undefined) found.push(this.show(name, result));
    }
    return found;
  }
}
