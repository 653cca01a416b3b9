/**
 * Asking the user: `prompt` blocks the evaluation thread until the answer is there (the protocol thread goes on
 * serving), `input` awaits it. A front end that cannot ask, or an interrupt, ends both with an error.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { type InputAnswer, shared } from "../protocol/channel.js";
import { currentCell, InterruptError } from "./context.js";
import type { Link } from "./link.js";

/** `prompt` and `input` of a kernel. */
export function inputs(link: Link, port: MessagePort, memory: SharedArrayBuffer) {
  const answers = new Int32Array(memory);
  let waiting: ((answer: InputAnswer) => void) | undefined;
  port.on("message", (answer: InputAnswer) => {
    waiting?.(answer);
    waiting = undefined;
  });
  port.unref();

  const ask = (message: string, password: boolean): void => {
    const cell = currentCell();
    if (!cell.allowStdin)
      throw new Error("input: this front end does not ask the user (allow_stdin is false)");
    if (waiting !== undefined) throw new Error("input: another question is open");
    link.send({ type: "input", parent: cell.parent, prompt: message, password });
  };

  const read = (answer: InputAnswer): string => {
    if ("interrupted" in answer) throw new InterruptError();
    return answer.value;
  };

  const prompt = (message = "", options: { password?: boolean } = {}): string => {
    const before = Atomics.load(answers, shared.answers);
    ask(String(message), options.password === true);
    for (;;) {
      // In slices, so that an interrupt that comes before the question is sent ends the wait as well.
      Atomics.wait(answers, shared.answers, before, 200);
      const received = receiveMessageOnPort(port) as { message: InputAnswer } | undefined;
      if (received !== undefined) return read(received.message);
    }
  };

  const input = async (message = "", options: { password?: boolean } = {}): Promise<string> => {
    ask(String(message), options.password === true);
    const answer = await new Promise<InputAnswer>((resolve) => {
      waiting = resolve;
    });
    return read(answer);
  };

  return { prompt, input };
}
