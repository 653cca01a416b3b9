/**
 * From a scene to pixels: the background, the objects over it from the smallest to the largest, the bar over all. Edges
 * are soft by the distance to the outline: a pixel is covered by ½ − distance, in pixels, within 0 … 1.
 */
import { backgroundList } from "./backgrounds.js";
import type { Rgb, Scene, SceneObject } from "./scene.js";
import { type Shape, shapes } from "./shapes.js";

/**
 * Draws a scene into `out`, uint8 [side, side, 3].
 * @param canvas float32 of the same length, to work on
 * @returns the share of the largest object that the bar hides
 */
export function rasterise(scene: Scene, side: number, canvas: Float32Array, out: Uint8Array): number {
  fillGround(scene, side, canvas);
  const shape = shapes[scene.shape]!;
  for (const object of scene.objects.toReversed()) paintObject(canvas, side, shape, object, scene.paint);
  const hidden = paintBar(scene, side, canvas);
  for (let i = 0; i < out.length; i++) out[i] = canvas[i]! * 255 + 0.5;
  return hidden;
}

function fillGround(
  { background, ground: [first, second], pattern }: Scene,
  side: number,
  canvas: Float32Array,
): void {
  const share = backgroundList[background]!;
  const detail = { ...pattern, soft: 0.5 / side };
  let at = 0;
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const t = share((column + 0.5) / side, (row + 0.5) / side, detail);
      for (let c = 0; c < 3; c++) canvas[at++] = first[c]! + (second[c]! - first[c]!) * t;
    }
}

/** Calls `visit` with the place and the coverage of every pixel that an object covers. */
function cover(
  side: number,
  { distance, reach }: Shape,
  { x, y, radius, rotation }: SceneObject,
  visit: (row: number, column: number, coverage: number) => void,
): void {
  const scale = 1 / (radius * side);
  const [cx, cy] = [x * side, y * side];
  const extent = reach * radius * side + 1;
  const [cosine, sine] = [Math.cos(rotation) * scale, Math.sin(rotation) * scale];
  const [top, bottom] = [Math.max(0, Math.floor(cy - extent)), Math.min(side - 1, Math.ceil(cy + extent))];
  const [left, right] = [Math.max(0, Math.floor(cx - extent)), Math.min(side - 1, Math.ceil(cx + extent))];
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) {
      const dx = column + 0.5 - cx;
      const dy = row + 0.5 - cy;
      const coverage = 0.5 - distance(dx * cosine + dy * sine, dy * cosine - dx * sine) / scale;
      if (coverage > 0) visit(row, column, Math.min(1, coverage));
    }
}

function paintObject(
  canvas: Float32Array,
  side: number,
  shape: Shape,
  object: SceneObject,
  paint: Rgb,
): void {
  cover(side, shape, object, (row, column, coverage) =>
    blend(canvas, (row * side + column) * 3, paint, coverage),
  );
}

function paintBar({ bar, objects, shape }: Scene, side: number, canvas: Float32Array): number {
  if (!bar) return 0;
  const [nx, ny] = [Math.cos(bar.angle), Math.sin(bar.angle)];
  const coverageAt = (row: number, column: number): number => {
    const offset = (column + 0.5 - bar.x * side) * nx + (row + 0.5 - bar.y * side) * ny;
    return Math.min(1, Math.max(0, 0.5 + bar.half * side - Math.abs(offset)));
  };
  let [whole, hidden] = [0, 0];
  cover(side, shapes[shape]!, objects[0]!, (row, column, coverage) => {
    whole += coverage;
    hidden += coverage * coverageAt(row, column);
  });
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const coverage = coverageAt(row, column);
      if (coverage > 0) blend(canvas, (row * side + column) * 3, bar.paint, coverage);
    }
  return hidden / whole;
}

function blend(canvas: Float32Array, at: number, paint: Rgb, coverage: number): void {
  for (let c = 0; c < 3; c++) canvas[at + c]! += (paint[c]! - canvas[at + c]!) * coverage;
}
