/** What raw pixels tell of the shape of scenes: node sweeps/scenes-pixels.mjs; docs/data.md has the figures. */
import { hostTensor, knn, linearProbe, scenes } from "jessl";

const features = ({ images, labels, count }) => {
  const pixels = Float32Array.from(images, (level) => level / 255);
  return { features: hostTensor(pixels, [count, images.length / count]), labels };
};
const train = features(scenes("train", { count: 10_000 }));
const test = features(scenes("test", { count: 2000 }));
const percent = (share) => `${(100 * share).toFixed(1)} %`;
console.log(`kNN of raw pixels: ${percent((await knn(train, test)).accuracy)}`);
const onShare = (share) => process.stderr.write(`\rlinear probe: ${percent(share)} of the way `);
const { accuracy, iterations, converged } = await linearProbe(train, test, { onShare });
console.log(
  `\nlinear probe: ${percent(accuracy)}, after ${iterations} steps, ${converged ? "" : "not "}at the minimum`,
);
