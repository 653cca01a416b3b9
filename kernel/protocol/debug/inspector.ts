/**
 * V8's inspector of the evaluation thread, from the protocol thread. A session of that thread's own could not be heard
 * while the thread is paused; this one is: Node serves it within the pause.
 */
import { type Debugger, type Runtime, Session } from "node:inspector";

type Handler = (params: object) => void;

/** An inspector session with promises. */
export class RemoteInspector {
  private session: Session | undefined;
  private readonly handlers = new Map<string, Handler>();

  get connected(): boolean {
    return this.session !== undefined;
  }

  on(event: "paused", handler: (params: Debugger.PausedEventDataType) => void): void;
  on(event: "resumed", handler: () => void): void;
  on(event: "scriptParsed", handler: (params: Debugger.ScriptParsedEventDataType) => void): void;
  on(event: string, handler: (params: never) => void): void {
    this.handlers.set(`Debugger.${event}`, handler as Handler);
  }

  /** Connects; existing scripts are announced by `scriptParsed`. */
  async connect(): Promise<void> {
    if (this.session !== undefined) return;
    const session = new Session();
    session.connectToMainThread();
    for (const [event, handler] of this.handlers)
      session.on(event, (message: { params: object }) => handler(message.params));
    this.session = session;
    await this.post("Runtime.enable");
    await this.post("Debugger.enable");
  }

  disconnect(): void {
    this.session?.disconnect();
    this.session = undefined;
  }

  /** Asks the inspector. @throws Error when it refuses or is not connected */
  post<T = object>(method: string, params: object = {}): Promise<T> {
    const { session } = this;
    if (session === undefined) return Promise.reject(new Error("debugger: expected attach first"));
    return new Promise((resolve, reject) => {
      session.post(method, params, (error, result) => {
        if (error) reject(new Error(error.message));
        else resolve(result as T);
      });
    });
  }

  /** The properties of an object, its own ones. */
  async properties(objectId: string): Promise<Runtime.PropertyDescriptor[]> {
    const { result } = await this.post<Runtime.GetPropertiesReturnType>("Runtime.getProperties", {
      objectId,
      ownProperties: true,
      generatePreview: true,
    });
    return result;
  }
}
