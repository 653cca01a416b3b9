/** What neighbours in raw pixels know of the scenes' shape: node sweeps/scenes-pixels.mjs; docs/data.md has the figure. */
import { hostTensor, knn, scenes } from "jessl";

const features = ({ images, labels, count }) => {
  const pixels = Float32Array.from(images, (level) => level / 255);
  return { features: hostTensor(pixels, [count, images.length / count]), labels };
};
const train = features(scenes("train", { count: 10_000 }));
const { accuracy } = await knn(train, features(scenes("test", { count: 2000 })));
console.log(`kNN of raw pixels: ${(100 * accuracy).toFixed(1)} %`);
