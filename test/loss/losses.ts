/** Every loss as a function of named inputs, for tests that treat them alike. */
import type { HostTensor } from "../../src/engine/host.js";
import type { tf } from "../../src/engine/tf.js";
import { constant } from "../../src/engine/trace/trace.js";
import { barlowTwins } from "../../src/loss/barlow-twins.js";
import { byol } from "../../src/loss/byol.js";
import { dcl } from "../../src/loss/dcl.js";
import { moco } from "../../src/loss/moco.js";
import { simclr } from "../../src/loss/simclr.js";
import { simsiam } from "../../src/loss/simsiam.js";
import { supcon } from "../../src/loss/supcon.js";
import { supervised } from "../../src/loss/supervised.js";
import { vicreg } from "../../src/loss/vicreg.js";

/** The inputs by name: z1 and z2, or p1, p2, t1, t2, or z; and negatives where the loss takes some. */
export type Inputs<T> = { readonly [name: string]: T };

export type NamedLoss = (
  inputs: Inputs<tf.Tensor2D>,
  labels: HostTensor | undefined,
  options: object,
) => tf.Scalar;

/** The options with the negatives that are given as an input. */
function merged(options: object, { negatives }: Inputs<tf.Tensor2D>): object {
  return negatives ? { ...options, negatives } : options;
}

function classes(labels: HostTensor | undefined): tf.Tensor1D {
  return constant(labels!) as tf.Tensor1D;
}

export const losses: { readonly [name: string]: NamedLoss } = {
  simclr: (x, _, options) => simclr(x.z1!, x.z2!, merged(options, x)),
  dcl: (x, _, options) => dcl(x.z1!, x.z2!, merged(options, x)),
  vicreg: (x, _, options) => vicreg(x.z1!, x.z2!, options),
  barlowTwins: (x, _, options) => barlowTwins(x.z1!, x.z2!, options),
  byol: (x) => byol([x.p1!, x.p2!], [x.t1!, x.t2!]),
  simsiam: (x) => simsiam([x.p1!, x.p2!], [x.t1!, x.t2!]),
  moco: (x, _, options) => moco(x.z1!, x.z2!, x.negatives ?? "none", options),
  supervised: (x, labels, options) => supervised(x.z!, classes(labels), options),
  supcon: (x, labels, options) => supcon(x.z!, classes(labels), merged(options, x)),
};
