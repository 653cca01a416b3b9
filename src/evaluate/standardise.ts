/** Features brought to mean 0 and variance 1 in every dimension, by the statistics of the training samples. */
import { type HostTensor, hostTensor } from "../engine/host.js";
import { checkMatrix } from "./features.js";

/** A function that standardises features as `train` would need; a dimension that never varies becomes 0. */
export function standardiser(train: HostTensor): (features: HostTensor) => HostTensor {
  const [rows, width] = checkMatrix(train, "training features");
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  const { data } = train;
  for (let i = 0; i < data.length; i++) mean[i % width]! += data[i]! / rows;
  for (let i = 0; i < data.length; i++) variance[i % width]! += (data[i]! - mean[i % width]!) ** 2 / rows;
  // The rounding of the mean is no variance: scaled to 1, it would be a dimension like the others.
  const rounding = (j: number): number => (rows * Number.EPSILON * mean[j]!) ** 2;
  const scale = variance.map((value, j) => (value > rounding(j) ? 1 / Math.sqrt(value) : 0));
  return ({ data: values, shape }) => {
    // Float32Array.from with a function makes a list of numbers first, which ends the process for hundreds of megabytes.
    const standardised = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++)
      standardised[i] = (values[i]! - mean[i % width]!) * scale[i % width]!;
    return hostTensor(standardised, shape);
  };
}
