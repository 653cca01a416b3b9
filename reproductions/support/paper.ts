/**
 * The experiments at the paper's own size, for who has the hardware: ResNet-50 on ImageNet with a GPU. They are written
 * as configurations for `jessl train`, not run here; a test builds the graph of each and takes one step at a small size.
 *
 * What is the paper's (its library's README and configurations): 100 epochs, projector 8192-8192-8192, views of 160
 * pixels growing to 224, LARS with weight decay 1e-6 at a base rate of 1.0 for 256 images, τ 0.15. The rest is ours.
 */
import { stringify } from "yaml";
import type { Protocol } from "./protocol.js";
import { noiseViews } from "./recipes.js";

/** An experiment: a training configuration with a name. */
export interface PaperRun {
  /** Of the run; letters, digits and dashes. */
  readonly name: string;
  /** A training configuration as one would write it. */
  readonly config: object;
}

export const paperTemperature = 0.15;

function imagenet(size: number): object {
  return {
    name: "beton",
    path: "imagenet-train.beton",
    test: "imagenet-test.beton",
    size,
    stream: true,
    order: "quasi-random",
    workers: 16,
    corrupt: "skip",
  };
}

/** What views by noise alone change: nothing crops them, so they are as large as the images from the start. */
export function paperNoise(sigma: number): object {
  return { views: noiseViews(sigma), data: imagenet(224), resolution: null };
}

/** ResNet-50 on ImageNet. @param batch images a step; the learning rate is that of 256 images times batch / 256 */
export function paperConfig(batch: number, more: object = {}): object {
  return {
    device: "auto",
    epochs: 100,
    batch,
    data: imagenet(256),
    encoder: { name: "resnet50", stem: "imagenet" },
    projector: "8192-8192-8192",
    method: { name: "simclr", temperature: paperTemperature },
    views: { preset: "standard" },
    resolution: { min: 160, max: 224, startEpoch: 16, endEpoch: 76, multiple: 32 },
    optimiser: { name: "lars", lr: 1, weightDecay: 1e-6 },
    schedule: { warmupEpochs: 10, scaleByBatch: true },
    ...more,
  };
}

const preparation =
  "# jessl data convert imagenet data.name=image-folder data.folder=IMAGENET --images smart   makes the .beton files";

/** The configuration as a file for `jessl train`. */
export function paperYaml({ claim, link }: Protocol, { name, config }: PaperRun): string {
  return `# ${claim}\n# ${link}\n${preparation}\n${stringify({ name, ...config })}`;
}
