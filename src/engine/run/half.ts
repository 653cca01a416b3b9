/** Whether a GPU and its driver compute in float16: a product of two small matrices tells. */
import { encodeModel, type OnnxModel } from "../lower/onnx.js";
import { Session } from "./session.js";

const shape = [4, 4];
const cast = (from: string, to: string, type: number) =>
  ({ op: "Cast", inputs: [from], outputs: [to], attributes: { to: { i: type } } }) as const;

/** y = x · x in float16, from and to float32. */
export const halfModel: OnnxModel = {
  name: "float16",
  inputs: [{ name: "x", type: "float32", shape }],
  outputs: [{ name: "y", type: "float32", shape }],
  initializers: [],
  nodes: [cast("x", "h", 10), { op: "MatMul", inputs: ["h", "h"], outputs: ["p"] }, cast("p", "y", 1)],
  opsets: { "": 18 },
};

/** An element of its input, and of its result: ⅓ is rounded to 11 digits. */
export const [halfInput, halfResult] = [1 / 3, 4 * 0.333251953125 ** 2];

/** What an error of ONNX Runtime says of float16, in words of ours where it is the usual one. */
export function halfFault(message: string): string {
  return /requires f16/.test(message)
    ? "this GPU or its driver has no float16 arithmetic (shader-f16); use precision float32"
    : message;
}

const known = new Map<string, Promise<string | undefined>>();

async function tryHalf(provider: string): Promise<string | undefined> {
  try {
    const session = await Session.create(halfModel, encodeModel(halfModel), { providers: [provider] });
    const [y] = await session.runOnHost([new Float32Array(16).fill(halfInput)]);
    await session.dispose();
    return y!.every((value) => Math.abs(value - halfResult) < 1e-3)
      ? undefined
      : `float16 gave wrong numbers: expected ${halfResult}, got ${y![0]}`;
  } catch (error) {
    return halfFault(error instanceof Error ? error.message : String(error));
  }
}

/** What speaks against float16 on a GPU; undefined where it works. Found out once. */
export function probeHalf(provider: "webgpu" | "cuda"): Promise<string | undefined> {
  const fault = known.get(provider) ?? tryHalf(provider);
  known.set(provider, fault);
  return fault;
}
