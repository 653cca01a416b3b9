/** Downloads from a real server on the loopback: whole, resumed, cut, wrong, silent. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { download, type RemoteFile } from "../../src/data/download.js";
import { DataError } from "../../src/support/errors.js";
import { generator } from "../support/data.js";

const next = generator(1);
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, () => Math.floor(next() * 256)));
const digest = createHash("sha256").update(content).digest("hex");

/** What the server does with a request; `range` is the first byte asked for. */
interface Behaviour {
  /** Bytes after which the connection is cut, for each request in turn. */
  cut?: number[];
  ignoreRange?: boolean;
  status?: number;
  body?: Buffer;
  silent?: boolean;
}

let server: Server;
let behaviour: Behaviour;
let ranges: (string | undefined)[];
let folder: string;
let file: RemoteFile;

beforeEach(async () => {
  behaviour = {};
  ranges = [];
  folder = mkdtempSync(join(tmpdir(), "jessl-download-"));
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const body = behaviour.body ?? content;
    const start = behaviour.ignoreRange
      ? 0
      : Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const status = behaviour.status ?? (start > 0 ? 206 : 200);
    response.writeHead(status, {
      "content-length": body.length - start,
      ...(start > 0 ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
    });
    const cut = behaviour.cut?.shift();
    if (behaviour.silent) response.write(body.subarray(start, start + 10));
    else if (cut === undefined) response.end(body.subarray(start));
    else response.write(body.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`;
  file = { url, size: content.length, checksum: { algorithm: "sha256", digest } };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

test("a file is downloaded once, with progress", async () => {
  const path = join(folder, "deep", "file.bin");
  const seen: number[] = [];
  expect(await download(file, path, { onProgress: (done) => seen.push(done) })).toBe(true);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(seen.at(-1)).toBe(content.length);
  expect(existsSync(`${path}.part`)).toBe(false);
  expect(await download(file, path)).toBe(false);
  expect(ranges).toEqual([undefined]);
});

test("a cut connection is taken up where it broke", async () => {
  behaviour.cut = [100_000, 50_000];
  const path = join(folder, "file.bin");
  await download(file, path);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
});

test("what an earlier run left is used", async () => {
  const path = join(folder, "file.bin");
  writeFileSync(`${path}.part`, content.subarray(0, 123_456));
  await download(file, path);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(ranges).toEqual(["bytes=123456-"]);
});

test("a server without ranges begins anew", async () => {
  behaviour.ignoreRange = true;
  const path = join(folder, "file.bin");
  writeFileSync(`${path}.part`, content.subarray(0, 1000));
  await download(file, path);
  expect(readFileSync(path).equals(content)).toBe(true);
});

test("a connection that breaks for good keeps what came and says what to do", async () => {
  behaviour.cut = [1000];
  const path = join(folder, "file.bin");
  await expect(download(file, path, { retries: 0 })).rejects.toThrow(
    /Run the same command again to go on where it stopped; without a network, fetch file\.bin on another machine/,
  );
  expect(readFileSync(`${path}.part`)).toEqual(content.subarray(0, 1000));
  await download(file, path);
  expect(ranges).toEqual([undefined, "bytes=1000-"]);
});

test("no server: a clear error", async () => {
  await expect(
    download({ ...file, url: "http://127.0.0.1:9/file.bin" }, join(folder, "file.bin")),
  ).rejects.toThrow(DataError);
  behaviour.status = 404;
  await expect(download(file, join(folder, "file.bin"))).rejects.toThrow(/the server answered 404 Not Found/);
});

test("a silent server is given up", async () => {
  behaviour.silent = true;
  const options = { retries: 0, silentSeconds: 0.2 };
  await expect(download(file, join(folder, "file.bin"), options)).rejects.toThrow(/nothing came for 0.2 s/);
});

test("wrong bytes never get the file's name", async () => {
  const path = join(folder, "file.bin");
  behaviour.body = Buffer.from(content);
  behaviour.body[77]! ^= 1;
  await expect(download(file, path)).rejects.toThrow(/expected the sha256 .*, got .*deleted, try again/);
  behaviour.body = Buffer.concat([content, content]);
  await expect(download(file, path)).rejects.toThrow(/expected 300000 bytes, got more/);
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.part`)).toBe(false);
});

test("another file of that name is not overwritten", async () => {
  const path = join(folder, "file.bin");
  writeFileSync(path, "mine");
  await expect(download(file, path)).rejects.toThrow(/it is not the file at .*delete it/);
  expect(readFileSync(path, "utf8")).toBe("mine");
});

test("an abort keeps what came", async () => {
  behaviour.silent = true;
  const path = join(folder, "file.bin");
  const signal = AbortSignal.timeout(300);
  await expect(download(file, path, { signal })).rejects.toThrow(/timeout/i);
  expect(readFileSync(`${path}.part`)).toEqual(content.subarray(0, 10));
});
