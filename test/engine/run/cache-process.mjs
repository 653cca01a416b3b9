// One of several processes that compile the same program at the same time: prints the bits of what it computed.
import { hostTensor, jit, tf } from "../../../dist/src/index.js";

function program(x) {
  let y = x;
  for (let i = 0; i < 600; i++) y = tf.add(tf.sin(tf.mul(y, 1 + i / 1000)), x);
  return y;
}
let cached;
const compiled = jit(program, {
  onCompile: (report) => {
    cached = report.cached;
  },
});
const result = await (await compiled(hostTensor(Float32Array.of(0.1, 0.2, 0.3), [3]))).data();
console.log(JSON.stringify({ cached, bits: [...new Uint32Array(result.buffer)] }));
