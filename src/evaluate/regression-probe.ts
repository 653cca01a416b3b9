/**
 * The regression probe: how well continuous factors, such as a position or a scale, can be read from frozen features by a
 * linear map. Ridge regression on standardised features, solved exactly; R² on test samples.
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { HostTensor } from "../engine/host.js";
import { ConfigError, ShapeError } from "../support/errors.js";
import { checkMatrix } from "./features.js";
import { standardiser } from "./standardise.js";

/** The strength of the ridge. */
export interface RegressionProbeOptions {
  /** λ of the objective: mean squared error + λ·‖W‖², intercepts not counted; 1e-4 by default. */
  readonly l2?: number;
}

/** How well continuous factors can be read. */
export interface RegressionProbe {
  /** Of each factor, on test samples: 1 − Σ(y − ŷ)² / Σ(y − ȳ)². 1 is perfect, 0 no better than the mean. */
  readonly r2: readonly number[];
  readonly meanR2: number;
}

/** Features with continuous targets. */
export interface Targeted {
  /** float32 [count, dimensions] */
  readonly features: HostTensor;
  /** float32 [count, factors] */
  readonly targets: HostTensor;
}

/** Fits the factors on training samples and tests them. @throws ShapeError when shapes do not fit together */
export function regressionProbe(
  train: Targeted,
  test: Targeted,
  { l2 = 1e-4 }: RegressionProbeOptions = {},
): RegressionProbe {
  if (!(l2 > 0)) throw new ConfigError(`l2: expected more than 0, got ${l2}`);
  const [count, width] = checkMatrix(train.features, "training features");
  const [testCount, testWidth] = checkMatrix(test.features, "test features");
  const [targetCount, factors] = checkMatrix(train.targets, "training targets");
  const [testTargetCount, testFactors] = checkMatrix(test.targets, "test targets");
  if (
    targetCount !== count ||
    testTargetCount !== testCount ||
    width !== testWidth ||
    factors !== testFactors
  )
    throw new ShapeError(
      `regression probe: expected as many targets as samples, and dimensions and factors of training, got ${[train.features, train.targets, test.features, test.targets].map(({ shape }) => `[${shape.join(", ")}]`).join(" ")}`,
    );
  const standardise = standardiser(train.features);
  const x = standardise(train.features).data;
  const mean = new Float64Array(factors);
  train.targets.data.forEach((value, i) => {
    mean[i % factors]! += value / count;
  });
  // Standardised features have mean 0, so that the intercept is the targets' mean.
  const gram = Matrix.zeros(width, width);
  const right = Matrix.zeros(width, factors);
  for (let i = 0; i < count; i++)
    for (let a = 0; a < width; a++) {
      const value = x[i * width + a]! / count;
      if (value === 0) continue;
      for (let b = 0; b <= a; b++) gram.set(a, b, gram.get(a, b) + value * x[i * width + b]!);
      for (let f = 0; f < factors; f++)
        right.set(a, f, right.get(a, f) + value * (train.targets.data[i * factors + f]! - mean[f]!));
    }
  for (let a = 0; a < width; a++) {
    gram.set(a, a, gram.get(a, a) + l2);
    for (let b = 0; b < a; b++) gram.set(b, a, gram.get(a, b));
  }
  const weights = new CholeskyDecomposition(gram).solve(right);

  const z = standardise(test.features).data;
  const r2 = Array.from({ length: factors }, (_, f) => {
    let average = 0;
    for (let i = 0; i < testCount; i++) average += test.targets.data[i * factors + f]! / testCount;
    let [residual, total] = [0, 0];
    for (let i = 0; i < testCount; i++) {
      let predicted = mean[f]!;
      for (let a = 0; a < width; a++) predicted += z[i * width + a]! * weights.get(a, f);
      const target = test.targets.data[i * factors + f]!;
      residual += (target - predicted) ** 2;
      total += (target - average) ** 2;
    }
    return total === 0 ? 0 : 1 - residual / total;
  });
  return { r2, meanR2: r2.reduce((sum, value) => sum + value, 0) / factors };
}
