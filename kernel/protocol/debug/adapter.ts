/**
 * The debug adapter: requests of the Debug Adapter Protocol, which arrive as `debug_request` on the control channel,
 * answered through V8's inspector. Before a cell begins to run, V8 stops for a moment (an instrumentation breakpoint)
 * and the cell's own breakpoints are set, since only then its script is known.
 */
import type { Debugger, Runtime } from "node:inspector";
import type { Json } from "../wire.js";
import { RemoteInspector } from "./inspector.js";
import { hashSeed } from "./murmur2.js";
import { cellPath, pathOfCell, Scripts } from "./scripts.js";
import { Variables } from "./variables.js";

interface Breakpoint {
  line: number;
  condition?: string;
}

type Frame = Debugger.CallFrame;

// What expressions gave, which V8 keeps alive until it is released: at the next pause.
const watched = "watched";

const capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsEvaluateForHovers: true,
  exceptionBreakpointFilters: [
    { filter: "all", label: "All exceptions", default: false },
    { filter: "uncaught", label: "Uncaught exceptions", default: false },
  ],
};

/** A debug adapter; `publish` sends an event to the front ends. */
export class DebugAdapter {
  private readonly publish: (event: Json) => void;
  private readonly inspector = new RemoteInspector();
  private readonly scripts = new Scripts();
  private readonly variables = new Variables(this.inspector);
  private readonly texts = new Map<string, string>();
  private readonly breakpoints = new Map<string, Breakpoint[]>();
  private readonly placed = new Map<string, string[]>();
  private frames: Frame[] = [];
  private paused = false;
  private sequence = 0;

  constructor(publish: (event: Json) => void) {
    this.publish = publish;
    this.inspector.on("scriptParsed", ({ scriptId, url, sourceMapURL }) => {
      this.scripts.add(scriptId, url, sourceMapURL);
    });
    this.inspector.on("paused", (params) => {
      // Refused only where the session has ended meanwhile, which lets the cell go on by itself.
      this.onPaused(params).catch(() => undefined);
    });
    this.inspector.on("resumed", () => this.onResumed());
  }

  /** Answers one request; a failure is an answer, too. */
  async request({ seq, command, arguments: args }: Json): Promise<Json> {
    const name = String(command);
    const answer = { type: "response", seq: this.next(), request_seq: seq, command: name };
    try {
      const body = await this.handle(name, (args ?? {}) as Json);
      if (name === "initialize") this.event("initialized");
      return { ...answer, success: true, body };
    } catch (error) {
      return { ...answer, success: false, message: (error as Error).message, body: {} };
    }
  }

  /** Lets a paused cell go on: before an interrupt, and at the end. */
  resume(): void {
    if (this.paused) this.inspector.post("Debugger.resume").catch(() => undefined);
  }

  /** Lets the process end without waiting for a debugger. */
  close(): void {
    this.inspector.disconnect();
    this.paused = false;
  }

  private async handle(command: string, args: Json): Promise<Json> {
    switch (command) {
      case "initialize":
        return capabilities;
      case "attach":
      case "launch":
        await this.inspector.connect();
        await this.inspector.post("Debugger.setInstrumentationBreakpoint", {
          instrumentation: "beforeScriptWithSourceMapExecution",
        });
        return {};
      case "configurationDone":
        return {};
      case "disconnect":
      case "terminate":
        this.close();
        this.breakpoints.clear();
        return {};
      case "debugInfo":
        return this.info();
      case "dumpCell": {
        const path = pathOfCell(String(args.code ?? ""));
        this.texts.set(path, String(args.code ?? ""));
        return { sourcePath: path };
      }
      case "source":
        return { content: this.text(pathOf(args)) };
      case "setBreakpoints":
        return {
          breakpoints: await this.setBreakpoints(pathOf(args), (args.breakpoints ?? []) as Breakpoint[]),
        };
      case "setExceptionBreakpoints": {
        const filters = (args.filters ?? []) as string[];
        const state = filters.includes("all") ? "all" : filters.includes("uncaught") ? "uncaught" : "none";
        await this.inspector.post("Debugger.setPauseOnExceptions", { state });
        return {};
      }
      case "threads":
        return { threads: [{ id: 1, name: "cells" }] };
      case "stackTrace":
        return this.stackTrace();
      case "scopes":
        return { scopes: this.scopes(Number(args.frameId)) };
      case "variables":
        return { variables: await this.variables.children(Number(args.variablesReference)) };
      case "inspectVariables":
        return { variables: await this.variables.ofCells() };
      case "evaluate":
        return this.evaluate(String(args.expression), args.frameId);
      case "pause":
        await this.inspector.post("Debugger.pause");
        return {};
      case "continue":
        await this.inspector.post("Debugger.resume");
        return { allThreadsContinued: true };
      case "next":
      case "stepIn":
      case "stepOut": {
        const method = { next: "stepOver", stepIn: "stepInto", stepOut: "stepOut" }[command];
        await this.inspector.post(`Debugger.${method}`);
        return {};
      }
      default:
        throw new Error(`debugger: ${command} is not known`);
    }
  }

  private info(): Json {
    return {
      isStarted: this.inspector.connected,
      hashMethod: "Murmur2",
      hashSeed,
      tmpFilePrefix: cellPath.prefix,
      tmpFileSuffix: cellPath.suffix,
      breakpoints: [...this.breakpoints].map(([source, breakpoints]) => ({ source, breakpoints })),
      stoppedThreads: this.paused ? [1] : [],
      richRendering: false,
      exceptionPaths: [],
    };
  }

  private text(path: string): string {
    const text = this.texts.get(path) ?? this.scripts.at(path)[0]?.code;
    if (text === undefined) throw new Error(`source: ${path} is not known`);
    return text;
  }

  // ---- breakpoints

  private async setBreakpoints(path: string, wanted: Breakpoint[]): Promise<Json[]> {
    this.breakpoints.set(
      path,
      wanted.map(({ line, condition }) => ({ line, ...(condition && { condition }) })),
    );
    for (const script of this.scripts.at(path)) await this.place(script.id);
    return wanted.map(({ line }) => ({ verified: true, line, source: { path } }));
  }

  private async place(scriptId: string): Promise<void> {
    for (const breakpointId of this.placed.get(scriptId) ?? [])
      await this.inspector.post("Debugger.removeBreakpoint", { breakpointId });
    this.placed.delete(scriptId);
    const script = this.scripts.get(scriptId);
    const wanted = script && this.breakpoints.get(script.path);
    if (script === undefined || wanted === undefined || wanted.length === 0) return;
    const { scriptSource } = await this.inspector.post<Debugger.GetScriptSourceReturnType>(
      "Debugger.getScriptSource",
      { scriptId },
    );
    const ids: string[] = [];
    for (const { line, condition } of wanted) {
      const place = this.scripts.generated(script, line - 1, scriptSource);
      if (place === undefined) continue;
      const location = { scriptId, lineNumber: place.line, columnNumber: place.column };
      const { breakpointId } = await this.inspector
        .post<Debugger.SetBreakpointReturnType>("Debugger.setBreakpoint", { location, condition })
        .catch(() => ({ breakpointId: "" }));
      if (breakpointId !== "") ids.push(breakpointId);
    }
    this.placed.set(scriptId, ids);
  }

  // ---- pauses

  private async onPaused({ reason, callFrames, data }: Debugger.PausedEventDataType): Promise<void> {
    if (reason === "instrumentation") {
      try {
        await this.place(String((data as { scriptId?: string } | undefined)?.scriptId));
      } finally {
        await this.inspector.post("Debugger.resume");
      }
      return;
    }
    this.frames = callFrames.filter(({ location }) => this.scripts.get(location.scriptId) !== undefined);
    // A step may leave the cell's code; there is nothing to show in the kernel's own.
    if (this.frames.length === 0) {
      await this.inspector.post("Debugger.resume");
      return;
    }
    this.paused = true;
    this.variables.clear();
    this.inspector.post("Runtime.releaseObjectGroup", { objectGroup: watched }).catch(() => undefined);
    const why = reason === "exception" || reason === "promiseRejection" ? "exception" : "breakpoint";
    this.event("stopped", { reason: why, threadId: 1, allThreadsStopped: true });
  }

  private onResumed(): void {
    if (!this.paused) return;
    this.paused = false;
    this.frames = [];
    this.event("continued", { threadId: 1, allThreadsContinued: true });
  }

  private stackTrace(): Json {
    const stackFrames = this.frames.map(({ functionName, location }, id) => {
      const script = this.scripts.get(location.scriptId)!;
      const place = this.scripts.original(script, {
        line: location.lineNumber,
        column: location.columnNumber ?? 0,
      });
      return {
        id,
        name: functionName || "cell",
        source: { path: script.path, name: "cell" },
        line: (place?.line ?? 0) + 1,
        column: (place?.column ?? 0) + 1,
      };
    });
    return { stackFrames, totalFrames: stackFrames.length };
  }

  private scopes(frameId: number): Json[] {
    const names: { [type: string]: string } = { local: "Locals", script: "Cells", global: "Globals" };
    return (this.frames[frameId]?.scopeChain ?? []).map(({ type, object }) => ({
      name: names[type] ?? type,
      variablesReference: this.variables.reference(object.objectId),
      expensive: type === "global",
    }));
  }

  private async evaluate(expression: string, frameId: unknown): Promise<Json> {
    const frame = typeof frameId === "number" ? this.frames[frameId] : this.frames[0];
    const { result, exceptionDetails } =
      frame === undefined
        ? await this.inspector.post<Runtime.EvaluateReturnType>("Runtime.evaluate", {
            expression,
            objectGroup: watched,
            replMode: true,
          })
        : await this.inspector.post<Debugger.EvaluateOnCallFrameReturnType>("Debugger.evaluateOnCallFrame", {
            callFrameId: frame.callFrameId,
            objectGroup: watched,
            expression,
          });
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    const { value, type, variablesReference } = this.variables.show("", result);
    return { result: value, type, variablesReference };
  }

  private next(): number {
    this.sequence += 1;
    return this.sequence;
  }

  private event(event: string, body: Json = {}): void {
    this.publish({ type: "event", seq: this.next(), event, body });
  }
}

function pathOf({ source }: Json): string {
  const { path } = (source ?? {}) as { path?: unknown };
  if (typeof path !== "string") throw new Error("source: expected a path");
  return path;
}
