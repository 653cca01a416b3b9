/** The training step, compiled: as one program, or in two where the batch goes through in parts to save memory. */
import type { DeviceTensor } from "../engine/device-tensor.js";
import { allocate, type HostTensor, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName, Precision } from "../engine/run/device.js";
import type { tf } from "../engine/tf.js";
import { flatten, mapTree, type Tree } from "../engine/tree.js";
import {
  addShare,
  type Gradients,
  type StepFunctions,
  type StepInput,
  type StepVariables,
  type TrainState,
} from "./step.js";

export interface StepOutput {
  readonly state: TrainState<DeviceTensor>;
  readonly metrics: Record<string, number>;
}

export interface CompiledStep {
  /** Runs a step; it takes the buffers of the state for its own. */
  run(state: TrainState<HostTensor>, input: StepInput<HostTensor>): Promise<StepOutput>;
  dispose(): Promise<void>;
}

export interface CompileOptions {
  readonly device: DeviceName;
  readonly precision: Precision;
  readonly threads?: number | undefined;
  readonly recompute?: boolean | undefined;
  /** Into how many parts the batch is split; their gradients are averaged. */
  readonly parts: number;
  /** Zeros of the form of the gradients. */
  readonly zeros: () => Gradients<HostTensor>;
}

export function compileStep(functions: StepFunctions, options: CompileOptions): CompiledStep {
  return options.parts === 1 ? whole(functions, options) : inParts(functions, options);
}

function whole(
  { step }: StepFunctions,
  { device, precision, threads, recompute }: CompileOptions,
): CompiledStep {
  const compiled = jit(step, { device, precision, threads, recompute, name: "train", donate: [0] });
  return {
    async run(state, input) {
      const result = await compiled(state, input);
      return {
        state: result.state as unknown as TrainState<DeviceTensor>,
        metrics: await numbers(result.metrics),
      };
    },
    dispose: () => compiled.dispose(),
  };
}

/**
 * A part's losses know nothing of the other parts: its batch norm and its negatives are its own. Batch-norm statistics,
 * teachers' statistics and queues go from part to part.
 */
function inParts(
  { gradients, update }: StepFunctions,
  { device, precision, threads, recompute, parts, zeros }: CompileOptions,
): CompiledStep {
  // Gradients of a scaled loss may overflow; then the state before the first part must still be there.
  const scaled = precision === "mixed";
  const accumulate = jit(
    (
      { params, probes }: Omit<StepVariables, "state">,
      state: StepVariables["state"],
      sums: Gradients<tf.Tensor>,
      input: StepInput<tf.Tensor>,
      scale: tf.Tensor | null,
    ) => {
      const result = gradients({ params, state, probes }, input, scale ?? undefined);
      return {
        sums: addShare(sums, result.grads, 1 / parts),
        state: result.state,
        metrics: result.metrics,
      };
    },
    { device, precision, threads, recompute, name: "gradients", donate: scaled ? [2] : [1, 2] },
  );
  const apply = jit(update, { device, precision, threads, name: "update", donate: [0, 1] });
  return {
    async run({ params, state, optimiser, probes, lossScale }, input) {
      const fixed = { params, probes: probes?.params };
      let now = state as Tree<HostTensor>;
      let sums = zeros();
      const metrics: Record<string, number> = {};
      for (let part = 0; part < parts; part++) {
        const share = partOf(input, part, parts);
        const result = await accumulate(fixed, now as typeof state, sums, share, lossScale?.scale ?? null);
        if (scaled && part > 0) dispose(now as unknown as Tree<DeviceTensor>);
        now = result.state as unknown as Tree<HostTensor>;
        sums = result.sums as unknown as Gradients<HostTensor>;
        for (const [name, value] of Object.entries(await numbers(result.metrics)))
          metrics[name] = (metrics[name] ?? 0) + value / parts;
      }
      const slots = { optimiser, ...(probes && { probes }), ...(lossScale && { lossScale }) };
      const all = { params, state: now, ...slots } as TrainState<HostTensor>;
      const result = await apply(all, sums, input.scalars, scaled ? state : undefined);
      return {
        state: result.state as unknown as TrainState<DeviceTensor>,
        metrics: { ...metrics, ...(await numbers(result.metrics)) },
      };
    },
    dispose: async () => {
      await Promise.all([accumulate.dispose(), apply.dispose()]);
    },
  };
}

function dispose(tree: Tree<DeviceTensor>): void {
  for (const tensor of flatten<DeviceTensor>(tree).leaves) tensor.dispose();
}

async function numbers(metrics: { readonly [name: string]: DeviceTensor }): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(metrics)) {
    values[name] = (await tensor.data())[0]!;
    tensor.dispose();
  }
  return values;
}

/** The rows of a part of the batch; the negatives and the scalars are every part's. */
function partOf(input: StepInput<HostTensor>, part: number, parts: number): StepInput<HostTensor> {
  const rows = ({ data, shape, dtype }: HostTensor): HostTensor => {
    const size = data.length / parts;
    const own = allocate(dtype, size);
    own.set(data.subarray(part * size, (part + 1) * size));
    return hostTensor(own, [shape[0]! / parts, ...shape.slice(1)], dtype);
  };
  const { images, labels, drawn } = input;
  const own = mapTree<HostTensor, HostTensor>({ images, labels, drawn } as Tree<HostTensor>, rows);
  return { ...input, ...(own as Pick<StepInput<HostTensor>, "images" | "labels" | "drawn">) };
}
