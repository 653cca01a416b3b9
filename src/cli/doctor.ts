/** `jessl doctor`: which devices and parts are here, which are missing, and the command that brings each. */
import { Command } from "commander";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("List devices and optional parts: what is here, what is missing, and what brings it.")
    .option("--json", "as JSON", false)
    .action(doctor);
}

async function doctor({ json }: { json: boolean }): Promise<void> {
  const { deviceStatuses } = await import("../engine/run/status.js");
  const { partStatuses } = await import("../support/parts.js");
  const { turboStatus } = await import("../data/turbo.js");
  const { version, packageVersion } = await import("../support/package.js");
  const versions = {
    jessl: version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    onnxruntime: packageVersion("onnxruntime-node") ?? "missing",
    tfjs: packageVersion("@tensorflow/tfjs-core") ?? "missing",
  };
  const { availableParallelism } = await import("node:os");
  const { defaultThreads, threadBehaviour } = await import("../engine/run/threads.js");
  const { fastest } = await import("../engine/run/choose.js");
  const threads = { count: defaultThreads(), processors: availableParallelism(), ...threadBehaviour() };
  const [devices, parts] = [await deviceStatuses(), [...partStatuses(), turboStatus()]];
  const auto = devices.some(({ here }) => here) ? fastest(devices) : undefined;
  if (json) {
    process.stdout.write(`${JSON.stringify({ versions, threads, devices, auto, parts }, null, 2)}\n`);
    return;
  }
  const width = Math.max(...[...devices, ...parts].map(({ name }) => name.length));
  const lines: string[] = [
    Object.entries(versions)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    "",
  ];
  lines.push("devices");
  for (const { name, here, detail, how, gflops, mixed } of devices) {
    const speed = gflops === undefined ? "" : `, ${gflops.toPrecision(3)} GFLOPS; ${mixed}`;
    lines.push(`  ${here ? "✓" : "–"} ${name.padEnd(width)}  ${detail}${speed}`);
    if (how !== undefined) lines.push(`    ${" ".repeat(width)}  ${how}`);
  }
  if (auto) lines.push(`    ${"auto".padEnd(width)}  ${auto.device}, ${auto.reason}`);
  const { count, processors, spinning, affinity } = threads;
  const ways = [spinning ? "they spin" : "they sleep", ...(affinity ? ["each on its own processor"] : [])];
  lines.push(
    "",
    `threads: ${count} of ${processors} (JESSL_THREADS), between operations ${ways.join(", ")} (JESSL_SPINNING, JESSL_AFFINITY)`,
  );
  const { cacheIsOn, cacheSize, modelFolder } = await import("../engine/run/model-cache.js");
  const { entries, bytes } = cacheSize();
  const kept = `${entries} compiled programs, ${(bytes / 2 ** 20).toFixed(0)} MiB, in ${modelFolder()}`;
  lines.push(`cache: ${cacheIsOn() ? kept : "off (JESSL_CACHE)"}`);
  lines.push("", "parts that only some commands and tests use");
  for (const { name, here, use, how } of parts) {
    lines.push(`  ${here ? "✓" : "–"} ${name.padEnd(width)}  ${use}`);
    if (!here) lines.push(`    ${" ".repeat(width)}  ${how}`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}
