/**
 * Where TensorFlow.js's native backend is: a package that the user installed beside jessl, or the one that
 * `jessl install tensorflow` put into the cache. One for GPUs goes first.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../support/cache.js";
import { packageRoot } from "../../../support/package.js";

/** The name under which the package registers its backend. */
export const tensorflowBackend = "tensorflow";

export type Variant = "cpu" | "gpu";

export const packageName: { readonly [variant in Variant]: string } = {
  cpu: "@tensorflow/tfjs-node",
  gpu: "@tensorflow/tfjs-node-gpu",
};

/** Where `jessl install tensorflow` puts it; the binding belongs to one processor architecture. */
export function installedFolder(variant: Variant): string {
  return cacheFolder(`tensorflow-${variant}-${process.platform}-${process.arch}`);
}

export interface NativeBackend {
  readonly variant: Variant;
  /** The folder of the package. */
  readonly folder: string;
}

function beside(name: string): string | undefined {
  const require = createRequire(join(packageRoot, "package.json"));
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** The native backend, if there is one whose binding was built. */
export function findTensorflow(): NativeBackend | undefined {
  for (const variant of ["gpu", "cpu"] as const) {
    const name = packageName[variant];
    const cached = join(installedFolder(variant), "node_modules", name);
    for (const folder of [beside(name), cached])
      if (folder !== undefined && existsSync(join(folder, "lib/napi-v8/tfjs_binding.node")))
        return { variant, folder };
  }
  return undefined;
}
