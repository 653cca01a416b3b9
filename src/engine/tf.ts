/**
 * The one place from which jessl imports TensorFlow.js. tfjs-core's Node bundle registers no gradients; the bundle of
 * tfjs-layers does, so it is imported for that effect alone. The cpu backend is the reference that compiled programs
 * are compared with, and folds constants.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";

// The cpu backend prints an advertisement for tfjs-node when it is first used, and the engine makes a new one whenever it
// looks for the best backend: register one that is silent, and always the same.
const cpu = new MathBackendCPU();
Object.assign(cpu, { firstUse: false });
tf.removeBackend("cpu");
tf.registerBackend("cpu", () => cpu, 1);

export { tf };
