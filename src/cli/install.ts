/** `jessl install`: parts that npm does not bring. */
import { Command } from "commander";

export function installCommand(): Command {
  const tensorflow = new Command("tensorflow")
    .description("Install TensorFlow.js's native backend, the device `tensorflow`, into the cache.")
    .option("--gpu", "for NVIDIA GPUs, with the CUDA libraries", false)
    .option("--remove", "remove it instead", false)
    .action(tensorflowAction);
  return new Command("install")
    .description("Install parts that npm does not bring.")
    .addHelpText("after", "\nExamples:\n  jessl install tensorflow\n  jessl install tensorflow --gpu")
    .addCommand(tensorflow);
}

async function tensorflowAction({ gpu, remove }: { gpu: boolean; remove: boolean }): Promise<void> {
  const { abandonedParts, installTensorflow, removeTensorflow } = await import(
    "../engine/run/tensorflow/install.js"
  );
  const variant = gpu ? "gpu" : "cpu";
  if (remove) {
    removeTensorflow(variant);
    return;
  }
  for (const part of abandonedParts())
    process.stderr.write(`note: ${part} is left of an installation that was cut off; it may be deleted\n`);
  const folder = installTensorflow({ variant, log: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`Installed in ${folder}. Use it with device=tensorflow.\n`);
}
