/**
 * Colour jitter: brightness, contrast, saturation and hue, each by a factor of its own for every sample, with the
 * meaning that torchvision's ColorJitter gives them. The order is fixed, as in FFCV-SSL: brightness, contrast,
 * saturation, hue (torchvision draws it anew each time, which inside a compiled program would cost every order at once).
 * Hue turns both ways: FFCV-SSL cuts the lower half of its range off.
 */
import { tf } from "../engine/tf.js";
import { type Augmentation, needsColour, type Parameters, perImage, sameShape } from "./augmentation.js";
import { checkProbability, checkRange, type Range } from "./check.js";
import { clip, greyMean, mixWithGrey, turnHue } from "./color.js";

/** A strength s, for factors from max(0, 1 − s) to 1 + s, or the range itself. */
export type Strength = number | Range;

/** Options of `colorJitter`. */
export interface ColorJitterOptions {
  /** 0.4 by default. */
  readonly brightness?: Strength | undefined;
  /** 0.4 by default. */
  readonly contrast?: Strength | undefined;
  /** 0.2 by default. Other than 0 it needs colours. */
  readonly saturation?: Strength | undefined;
  /** Turns of the hue, at most half a turn either way: h for −h … h, or the range; 0.1 by default. Other than 0 it needs colours. */
  readonly hue?: Strength | undefined;
  /** How often it is applied; 0.8 by default. Else the factors are 1 and the hue 0. */
  readonly probability?: number | undefined;
}

type Factor = "brightness" | "contrast" | "saturation" | "hue";

/** The range of a factor; undefined where it never changes anything. */
function rangeOf(name: Factor, strength: Strength): Range | undefined {
  const centre = name === "hue" ? 0 : 1;
  const range: Range =
    typeof strength !== "number"
      ? strength
      : name === "hue"
        ? [-strength, strength]
        : [Math.max(0, 1 - strength), 1 + strength];
  if (range[0] === centre && range[1] === centre) return undefined;
  const [low, high] = name === "hue" ? [-0.5, 0.5] : [0, Number.POSITIVE_INFINITY];
  return checkRange(`colorJitter.${name}`, range, low, high);
}

/** @param factor [batch] */
type Change = (images: tf.Tensor4D, factor: tf.Tensor) => tf.Tensor4D;

const change: { readonly [name in Factor]: Change } = {
  brightness: (images, factor) => clip(tf.mul(images, perImage(factor))),
  contrast(images, factor) {
    const share = perImage(factor);
    return clip(tf.add(tf.mul(images, share), tf.mul(greyMean(images), tf.sub(1, share))));
  },
  saturation: (images, factor) => clip(mixWithGrey(images, factor)),
  hue: turnHue,
};

/** Draws float32 brightness, contrast, saturation and hue: those that can change anything. */
export function colorJitter(options: ColorJitterOptions = {}): Augmentation {
  const { brightness = 0.4, contrast = 0.4, saturation = 0.2, hue = 0.1 } = options;
  return jitter("colorJitter", { brightness, contrast, saturation, hue }, options.probability ?? 0.8);
}

function jitter(
  name: string,
  strengths: { readonly [factor in Factor]?: Strength },
  probability: number,
): Augmentation {
  checkProbability(`${name}.probability`, probability);
  const factors = (Object.keys(strengths) as Factor[]).flatMap((factor) => {
    const range = rangeOf(factor, strengths[factor]!);
    return range ? [{ factor, range }] : [];
  });
  const colour = factors.find(({ factor }) => factor === "saturation" || factor === "hue");
  const parameters: Parameters = Object.fromEntries(
    factors.map(({ factor }) => [factor, { dtype: "float32" }]),
  );
  return {
    name,
    outputShape: colour ? (shape) => needsColour(`${name}.${colour.factor}`, shape) : sameShape,
    parameters: () => parameters,
    draw(stream, into, row) {
      const applied = stream.chance(probability);
      for (const { factor, range } of factors) {
        const drawn = stream.between(range[0], range[1]);
        into[factor]![row] = applied ? drawn : factor === "hue" ? 0 : 1;
      }
    },
    apply: (images, drawn) => factors.reduce((x, { factor }) => change[factor](x, drawn[factor]!), images),
  };
}

/** Options of `brightness` and `contrast`. */
export interface FactorOptions {
  /** Factors from 1 − strength to 1 + strength; 0.4 by default. */
  readonly strength?: Strength | undefined;
  /** How often it is applied; 0.8 by default. Else the factor is 1. */
  readonly probability?: number | undefined;
}

/** Multiplies the pixels. Draws float32 brightness: the factor. */
export function brightness({ strength = 0.4, probability = 0.8 }: FactorOptions = {}): Augmentation {
  return jitter("brightness", { brightness: strength }, probability);
}

/** Moves the pixels from or to the mean of the grey image. Draws float32 contrast: the factor. */
export function contrast({ strength = 0.4, probability = 0.8 }: FactorOptions = {}): Augmentation {
  return jitter("contrast", { contrast: strength }, probability);
}
