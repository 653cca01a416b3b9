/**
 * The one place from which jessl imports TensorFlow.js. tfjs-core's Node bundle registers no gradients; the bundle of
 * tfjs-layers does, so it is imported for that effect alone. The cpu backend is the reference that compiled programs
 * are compared with, and folds constants.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";

// The cpu backend prints an advertisement for tfjs-node when it is first used.
const cpu = tf.findBackend("cpu") as tf.KernelBackend & { firstUse?: boolean };
cpu.firstUse = false;

export { tf };
