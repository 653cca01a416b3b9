/** The networks of the public API. */
export { type ConvNetOptions, convnet } from "./convnet.js";
export {
  type Applied,
  block,
  type Layer,
  type LayerFactory,
  type Sequential,
  sequential,
  type Variables,
} from "./layer.js";
export { type Projector, type ProjectorOptions, projector } from "./projector.js";
export { namedResnet, type ResNetName, type ResNetOptions, type ResNetStem, resnet } from "./resnet.js";
export { fromTorchvision, torchvisionName, toTorchvision } from "./torchvision.js";
export { type VggName, type VggOptions, vgg } from "./vgg.js";
export { type VitOptions, vit } from "./vit.js";
