/**
 * The public API of jessl, one list. What is not exported here is internal and may change.
 * @module jessl
 */

// augmentations and views
export * from "./augment/index.js";
export type { BetonImage, BetonImageOptions } from "./data/beton/encode.js";
// data
export type { BetonField, BetonFields } from "./data/beton/layout.js";
export { BetonFile, type StoredImage } from "./data/beton/reader.js";
export { type BetonWriteOptions, writeBeton } from "./data/beton/writer.js";
export { type CifarName, cifar } from "./data/cifar.js";
export type { CropOptions } from "./data/crop/crop.js";
export { draw, type ImageDataset, take } from "./data/dataset.js";
export { type FashionMnistOptions, fashionMnist } from "./data/fashion-mnist.js";
export { type ImageFolderOptions, imageFolder } from "./data/image-folder.js";
export { type Batch, Loader, type LoaderOptions } from "./data/loader/loader.js";
export type { Order } from "./data/loader/order.js";
export {
  type BetonSourceOptions,
  betonSource,
  type Decoder,
  type ImageSource,
  imageFolderSource,
  type SourceDescription,
  type SourceShape,
} from "./data/loader/source.js";
export { type ParquetOptions, parquet } from "./data/parquet.js";
export {
  type SceneDataset,
  type SceneFactors,
  type ScenesOptions,
  sceneClassTasks,
  sceneRegressionTasks,
  scenes,
  sceneTargets,
  sceneTask,
} from "./data/scenes/scenes.js";
export { UnitFloats } from "./data/unit-floats.js";
export type { Leaf } from "./engine/arguments.js";
export { DeviceTensor } from "./engine/device-tensor.js";
export type { LossAndAux, ValueAndGrad } from "./engine/grad.js";
export { valueAndGrad } from "./engine/grad.js";
export type { ElementType, HostTensor, TensorData } from "./engine/host.js";
export { hostScalar, hostTensor, hostZeros } from "./engine/host.js";
// engine
export type { Argument, Arguments, CompileReport, JitOptions, Jitted, OnDevice } from "./engine/jit.js";
export { eager, jit } from "./engine/jit.js";
export { type Choice, chooseDevice } from "./engine/run/choose.js";
export type { ChromeTrace, TraceEvent } from "./engine/run/chrome-trace.js";
export type { DeviceName } from "./engine/run/device.js";
export type { Profile, ProfileRow } from "./engine/run/profile.js";
export { type DeviceStatus, deviceStatuses } from "./engine/run/status.js";
export { stopGradient } from "./engine/stop-gradient.js";
export { tf } from "./engine/tf.js";
export { constant, isTracing, recomputable, scope } from "./engine/trace/trace.js";
export type { Tree } from "./engine/tree.js";
export { leafPaths, mapTree, zipTrees } from "./engine/tree.js";
// evaluation
export * from "./evaluate/index.js";
// figures
export * from "./figure/index.js";
// losses
export * from "./loss/index.js";
// networks
export * from "./nn/index.js";
// optimisers
export * from "./optim/index.js";
// random numbers
export { fold, type Key, key, type Stream } from "./random/index.js";
export { packageRoot, version } from "./support/package.js";
// training
export * from "./train/index.js";
