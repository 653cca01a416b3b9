/**
 * Evaluation by V8's own inspector, on the main thread's own session, in REPL mode: bindings stay alive across cells,
 * `const`, `let` and `class` may be declared again, top-level await works, and a cell that throws keeps what it had
 * declared. The value or error is fetched as the object itself, not as the inspector's description.
 */

import type { Runtime } from "node:inspector";
import { Session } from "node:inspector";
import vm from "node:vm";
import { InterruptError } from "./context.js";

/** What came of an evaluation. */
export type Outcome = { value: unknown } | { error: unknown };

/** Evaluates scripts in the main context. */
export class Evaluator {
  private readonly session = new Session();
  private readonly receiver: string;
  private taken: unknown;

  constructor() {
    this.session.connect();
    const key = Symbol.for("jessl.kernel.receiver");
    const holder = globalThis as unknown as { [key: symbol]: unknown };
    holder[key] = (value: unknown) => {
      this.taken = value;
    };
    let id: string | undefined;
    this.session.post(
      "Runtime.evaluate",
      { expression: 'globalThis[Symbol.for("jessl.kernel.receiver")]' },
      (_error, { result }) => {
        id = result.objectId;
      },
    );
    delete holder[key];
    if (id === undefined) throw new Error("inspector: expected an object id");
    this.receiver = id;
  }

  /** Runs a script; `name` is the file that its stack frames show, `map` its source map, for a debugger. */
  run(script: string, name: string, map: string): Promise<Outcome> {
    const url = `data:application/json;base64,${Buffer.from(map).toString("base64")}`;
    const expression = `${script}\n//# sourceURL=${name}\n//# sourceMappingURL=${url}`;
    return new Promise((resolve) => {
      const ended = withSigint(() => this.evaluate(expression, resolve));
      if (!ended) resolve({ error: new InterruptError() });
    });
  }

  private evaluate(expression: string, resolve: (outcome: Outcome) => void): void {
    this.session.post(
      "Runtime.evaluate",
      {
        expression,
        replMode: true,
        awaitPromise: true,
        objectGroup: "cell",
        includeCommandLineAPI: false,
      },
      (failure, answer) => {
        // Terminated: there is no result.
        if (failure) return resolve({ error: new InterruptError() });
        const { result, exceptionDetails } = answer as Runtime.EvaluateReturnType;
        const thrown = exceptionDetails?.exception;
        const value = this.take(thrown ?? result);
        this.session.post("Runtime.releaseObjectGroup", { objectGroup: "cell" });
        resolve(
          exceptionDetails === undefined
            ? { value }
            : { error: thrown === undefined ? new InterruptError() : value },
        );
      },
    );
  }

  /** Lets the process end without waiting for a debugger. */
  close(): void {
    this.session.disconnect();
  }

  private take(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId === undefined) return primitive(remote);
    this.taken = undefined;
    this.session.post("Runtime.callFunctionOn", {
      functionDeclaration: "function (value) { this(value); }",
      objectId: this.receiver,
      arguments: [{ objectId: remote.objectId }],
      silent: true,
    });
    const value = this.taken;
    this.taken = undefined;
    return value;
  }
}

// A thread that never returns to its event loop hears no SIGINT, unless it runs within a script that Node watches.
const begin = new vm.Script('globalThis[Symbol.for("jessl.kernel.begin")]()');

function withSigint(body: () => void): boolean {
  const scope = globalThis as unknown as { [key: symbol]: unknown };
  const key = Symbol.for("jessl.kernel.begin");
  scope[key] = body;
  try {
    begin.runInThisContext({ breakOnSigint: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
    return false;
  } finally {
    delete scope[key];
  }
}

function primitive({ type, subtype, value, unserializableValue: text }: Runtime.RemoteObject): unknown {
  if (text !== undefined) return type === "bigint" ? BigInt(text.slice(0, -1)) : Number(text);
  if (subtype === "null") return null;
  return type === "undefined" ? undefined : value;
}
