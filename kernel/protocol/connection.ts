/**
 * The connection file: where the kernel's five sockets listen and the key that signs its messages. Jupyter writes it
 * before it starts the kernel. Whoever reads the key can run code here, so that an open file mode is told to the
 * user, and a kernel that listens beyond this machine must have a key.
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { ConfigError } from "../../src/support/errors.js";

const port = z.number().int().min(0).max(65535);

const schema = z.object({
  transport: z.enum(["tcp", "ipc"]).default("tcp"),
  ip: z.string().min(1).default("127.0.0.1"),
  shell_port: port,
  control_port: port,
  iopub_port: port,
  stdin_port: port,
  hb_port: port,
  key: z.string().default(""),
  signature_scheme: z.literal("hmac-sha256").default("hmac-sha256"),
});

/** The content of a connection file. */
export type Connection = z.infer<typeof schema>;

/** The channels of a kernel, named as in the connection file (`shell_port` and so on). */
export type ChannelName = "shell" | "control" | "iopub" | "stdin" | "hb";

/** Reads and checks a connection file; `warn` hears of a file that others can read. */
export function readConnection(path: string, warn: (text: string) => void): Connection {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`connection file: cannot read ${path}`, { cause: error });
  }
  const connection = parseConnection(text, path);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0)
    warn(`connection file: ${path} can be read by other users, and with it they can run code in this kernel`);
  return connection;
}

/** Checks the text of a connection file; `path` is for the messages. */
export function parseConnection(text: string, path: string): Connection {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`connection file: expected JSON in ${path}`, { cause: error });
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ConfigError(`connection file: ${issue?.path.join(".")}: ${issue?.message} (in ${path})`);
  }
  const connection = result.data;
  if (connection.key === "" && connection.transport === "tcp" && !isLoopback(connection.ip))
    throw new ConfigError(`connection file: expected a key, since ${connection.ip} can be reached by others`);
  return connection;
}

function isLoopback(ip: string): boolean {
  return ip === "localhost" || ip === "::1" || ip.startsWith("127.");
}

/** The ZeroMQ address of a channel. */
export function address(connection: Connection, channel: ChannelName): string {
  const number = connection[`${channel}_port`];
  if (connection.transport === "ipc") return `ipc://${connection.ip}-${number}`;
  const ip = connection.ip === "localhost" ? "127.0.0.1" : connection.ip;
  return `tcp://${ip.includes(":") ? `[${ip}]` : ip}:${number}`;
}
