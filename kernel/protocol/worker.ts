/**
 * The protocol thread: reads the connection file, binds the sockets, and says when it is ready. It also watches the
 * process that started the kernel, and ends the kernel when that has gone.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { ProtocolStart, ToProtocol } from "./channel.js";
import { readConnection } from "./connection.js";
import { Server } from "./server.js";

const port = parentPort;
if (port === null) throw new Error("protocol/worker.js: expected to run as a worker thread");
const start = workerData as ProtocolStart;
const connection = readConnection(start.connectionFile, (text) => process.stderr.write(`${text}\n`));
const server = new Server(connection, start, (message) => port.postMessage(message));
port.on("message", (message: ToProtocol | { type: "sigint" } | { type: "close" }) => {
  if (message.type === "sigint") server.interrupt();
  else if (message.type === "close") void server.close();
  else server.onEvaluation(message);
});
await server.listen(connection);
port.postMessage({ type: "ready" });

// Jupyter names the process that started the kernel. When that dies, the kernel gets another parent; it may have died
// before the kernel had come this far.
const starter = Number(process.env.JPY_PARENT_PID);
if (starter > 0) {
  const parent = process.ppid;
  const orphan = parent !== starter && !exists(starter);
  setInterval(() => {
    if (orphan || process.ppid !== parent) server.shutdown();
  }, 1000).unref();
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
