/** Loads every kernel's rule, then gives the rest of TensorFlow.js's kernels an error that names them. */
import "./composite.js";
import "./elementwise.js";
import "./linear.js";
import "./reduce.js";
import "./resize.js";
import "./shape.js";
import { refuseOtherKernels } from "../record.js";

refuseOtherKernels();
