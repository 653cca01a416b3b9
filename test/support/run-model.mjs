// Runs an .onnx file once, in one thread: `node run-model.mjs MODEL INPUTS OUTPUTS`. Inputs and outputs are JSON lists of
// [name, type, shape, base64]. For processors that are not this process's own.
import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "onnxruntime-node";

const [model, inputs, outputs] = process.argv.slice(2);
const arrays = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
const feeds = Object.fromEntries(
  JSON.parse(readFileSync(inputs, "utf8")).map(([name, type, shape, text]) => {
    const bytes = Uint8Array.from(Buffer.from(text, "base64"));
    return [name, new ort.Tensor(type, new arrays[type](bytes.buffer), shape)];
  }),
);
const session = await ort.InferenceSession.create(readFileSync(model), { intraOpNumThreads: 1 });
const results = Object.entries(await session.run(feeds)).map(([name, { type, dims, data }]) => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [name, type, dims, bytes.toString("base64")];
});
writeFileSync(outputs, JSON.stringify(results));
// ONNX Runtime's threads do not all end under an emulator.
process.exit(0);
