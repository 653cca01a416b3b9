/** `jessl export`: the encoder of a run for other programs. */
import { Command } from "commander";
import { wholeNumber } from "./numbers.js";

export function exportCommand(): Command {
  return new Command("export")
    .description("Write the encoder of a run as ONNX and as safetensors.")
    .argument("<run>", "the run's folder")
    .option("--batch <images>", "images that a call of the ONNX file takes", wholeNumber, 1)
    .addHelpText("after", "\nExamples:\n  jessl export runs/my-run\n  jessl export runs/my-run --batch 64")
    .action(async (run: string, { batch }: { batch: number }) => {
      const { exportRun } = await import("../train/export.js");
      const { onnx, safetensors } = await exportRun(run, { batch });
      process.stdout.write(`${onnx}\n${safetensors}\n`);
    });
}
