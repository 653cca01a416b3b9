/** `jessl data`: which data sets there are, and how they come onto this machine. */
import { Command, Option } from "commander";
import type { LevelName } from "../data/scenes/scene.js";
import { createProgress, type Progress } from "../support/progress.js";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";

export function dataCommand(): Command {
  const data = new Command("data")
    .helpCommand(false)
    .description("List, download and convert data sets.")
    .addHelpText(
      "after",
      "\nExamples:\n  jessl data list\n  jessl data cifar10\n  jessl data scenes shapes --count 1000 --size 64\n  jessl data convert photos data.name=image-folder data.folder=photos --images jpg\n  jessl train data.name=cifar10",
    );
  data.command("list").description("the data sets, and which of them are on this machine").action(list);
  data
    .command("fashion-mnist")
    .description("download the whole of Fashion-MNIST (31 MB)")
    .action(async () => {
      const { provideFashionMnist } = await import("../data/fashion-mnist.js");
      await provide("fashion-mnist", provideFashionMnist, "data.set=full");
    });
  for (const [name, title] of [
    ["cifar10", "CIFAR-10"],
    ["cifar100", "CIFAR-100"],
  ] as const)
    data
      .command(name)
      .description(`download ${title} (about 165 MB)`)
      .action(async () => {
        const { provideCifar } = await import("../data/cifar.js");
        await provide(name, (options) => provideCifar(name, options), `data.name=${name}`);
      });
  data
    .command("scenes")
    .description("write synthetic scenes as PNG files, one folder a shape, with a table of their factors")
    .argument("<folder>", "where they go")
    .option("--count <n>", "training scenes", "10000")
    .option("--test <n>", "test scenes", "2000")
    .option("--size <pixels>", "side of the images, 16 to 256", "32")
    .option("--seed <n>", "which scenes", "0")
    .addOption(
      new Option("--level <name>", "how hard the shape is to tell")
        .choices(["easy", "medium", "hard"])
        .default("medium"),
    )
    .action(writeSceneFiles);
  data
    .command("convert")
    .description("write a data set as .beton files, <out>-train.beton and <out>-test.beton")
    .argument("<out>", "the files' common beginning")
    .argument("<data...>", "the data set, such as data.name=cifar10")
    .option(
      "--images <mode>",
      "raw, jpg, smart (jpg above --threshold bytes) or proportion (jpg for a --share)",
      "raw",
    )
    .option("--quality <n>", "of JPEG", "90")
    .option("--threshold <bytes>", "for smart", "262144")
    .option("--share <p>", "for proportion", "0.5")
    .action(convert);
  return data;
}

interface SceneFileOptions extends Readonly<Record<"count" | "test" | "size" | "seed", string>> {
  readonly level: LevelName;
}

/** A bar that appears with the first images. */
function imageBar(title: string) {
  let progress: Progress | undefined;
  return {
    onProgress(done: number, total: number): void {
      progress ??= createProgress({ title, total, unit: "img" });
      progress.update(done);
    },
    stop: () => progress?.stop(),
  };
}

async function writeSceneFiles(folder: string, given: SceneFileOptions): Promise<void> {
  const { writeScenes } = await import("../data/scenes/write.js");
  const { onProgress, stop } = imageBar(folder);
  const [count, test, size, seed] = [given.count, given.test, given.size, given.seed].map(Number);
  await writeScenes(folder, { count, test, size: size!, seed: seed!, level: given.level, onProgress });
  stop();
  process.stdout.write(
    `${folder}\nTrain on them with:\n  jessl train data.name=image-folder data.folder=${folder}\n`,
  );
}

interface ConvertOptions {
  readonly images: string;
  readonly quality: string;
  readonly threshold: string;
  readonly share: string;
}

async function convert(out: string, overrides: string[], given: ConvertOptions): Promise<void> {
  const { readConfig } = await import("../train/config/parse.js");
  const { betonOptions, convertFolder, convertParquet, convertDataset } = await import("../data/convert.js");
  const { createDataset } = await import("../train/dataset.js");
  const config = readConfig(undefined, overrides);
  const options = betonOptions(given);
  const { data } = config;
  for (const split of ["train", "test"] as const) {
    const path = `${out}-${split}.beton`;
    const { onProgress, stop } = imageBar(path);
    // Encoded images are kept as they are, unless they are to be resized.
    if (data.name === "image-folder" && data.size === null && !data.grey)
      await convertFolder(data.folder, split, path, { ...options, onProgress });
    else if (data.name === "parquet" && data.size === null && !data.grey) {
      const columns = { image: data.image ?? undefined, label: data.label ?? undefined };
      await convertParquet(data.folder, split, path, columns, { ...options, onProgress });
    } else await convertDataset(await createDataset(config, split), path, { ...options, onProgress });
    stop();
    process.stdout.write(`${path}\n`);
  }
  process.stdout.write(
    `Train on it with:\n  jessl train data.name=beton data.path=${out}-train.beton data.test=${out}-test.beton\n`,
  );
}

async function list(): Promise<void> {
  const { findFashionMnist } = await import("../data/fashion-mnist.js");
  const { cifarFolder } = await import("../data/cifar-source.js");
  const place = (found: string | undefined, command: string): string => found ?? `not here: ${command}`;
  const rows = [
    ["fashion-mnist", "10,000 + 2,000 grey images, 28 px, 10 classes", "comes with jessl"],
    [
      "fashion-mnist set=full",
      "60,000 + 10,000 of the same",
      place(findFashionMnist(), "jessl data fashion-mnist"),
    ],
    [
      "cifar10",
      "50,000 + 10,000 colour images, 32 px, 10 classes",
      place(cifarFolder("cifar10"), "jessl data cifar10"),
    ],
    ["cifar100", "the same with 100 classes", place(cifarFolder("cifar100"), "jessl data cifar100")],
    ["scenes", "synthetic scenes, every factor known, 16 to 256 px", "drawn when needed"],
    ["image-folder", "JPEG and PNG files, one folder a class", "data.folder=…"],
    ["parquet", "images in parquet files, as Hugging Face lays them out", "data.folder=…"],
    ["beton", "FFCV's files; jessl data convert writes them", "data.path=…"],
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  for (const [name, what, where] of rows)
    process.stdout.write(`${name!.padEnd(width(0))}  ${what!.padEnd(width(1))}  ${where}\n`);
}

interface Provision {
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Downloads with a bar; Ctrl-C keeps what has arrived. */
async function provide(
  name: string,
  get: (options: Provision) => Promise<string>,
  use: string,
): Promise<void> {
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number): void => {
    progress ??= createProgress({ title: name, total: total / 1e6, start: done / 1e6, unit: "MB" });
    progress.update(Math.round(done / 1e5) / 10);
  };
  const folder = await interruptible("Stopping. The same command goes on from here.", async (signal) => {
    try {
      return await get({ onProgress, signal });
    } catch (error) {
      if (signal.aborted) throw new Interrupted();
      throw error;
    } finally {
      progress?.stop();
    }
  });
  process.stdout.write(`${name}: ${folder}\nTrain on it with:\n  jessl train ${use}\n`);
}
