import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { check, ERRNO } from "../../ffi/errno.ts";
import { openLibc } from "../../ffi/mod.ts";
import { openListener } from "../../src/serve/listen.ts";
import type { Peer } from "../../src/serve/messages.ts";
import { ServerThread } from "../../src/serve/thread.ts";
import { makeFolder, NetClient } from "../support/serving.ts";
import { until } from "../support/until.ts";

const libc = await openLibc();
const encoder = new TextEncoder();

/** A server that answers each request with itself. */
async function start() {
  const folder = makeFolder();
  const listener = openListener(libc, join(folder.path, "fh.sock"), null);
  const peers: Peer[] = [];
  const requests: [number, string | null][] = [];
  const gone: number[] = [];
  const died: number[] = [];
  const errors: Error[] = [];
  const thread = await ServerThread.start(
    { listeners: [listener.fd], source: "poll", euid: process.geteuid!() },
    {
      onConnect: (peer) => void peers.push(peer),
      onRequest(client, line) {
        requests.push([client, line]);
        thread.answer(client, `<${line}>`);
      },
      onDisconnect: (client) => void gone.push(client),
      onDied: (tag) => void died.push(tag),
      onFailed: (error) => void errors.push(error),
    },
  );
  const close = async () => {
    await thread.close();
    listener.remove();
    folder.remove();
    assert.deepEqual(errors, []);
  };
  return { path: listener.path, thread, peers, requests, gone, died, errors, close, folder };
}

test("ServerThread serves clients, and ends while they are connected", async () => {
  const server = await start();
  const clients = Array.from({ length: 20 }, () => new NetClient(server.path));
  await until(() => server.peers.length === 20);
  assert.ok(server.peers.every(({ pid, uid }) => pid === process.pid && uid === process.getuid!()));
  const text = Array.from({ length: 300 }, (_, n) => `${n}\n`).join("");
  for (const { socket } of clients) socket.write(text);
  await until(() => clients.every(({ lines }) => lines.length === 300));
  for (const client of clients) {
    assert.deepEqual(client.lines, Array.from({ length: 300 }, (_, n) => `<${n}>`));
  }
  clients[0]!.socket.destroy();
  await until(() => server.gone.length === 1);
  await server.close();
  await until(() => clients.slice(1).every(({ ended }) => ended));
  assert.equal(server.gone.length, 20);
  for (const { socket } of clients) socket.destroy();
});

test("ServerThread answers a client that asks thousands of things at once and reads", async () => {
  const server = await start();
  const client = new NetClient(server.path);
  const numbers = Array.from({ length: 20_000 }, (_, n) => n);
  client.socket.write(numbers.map((n) => `${n}\n`).join(""));
  const expected = numbers.map((n) => `<${n}>\n`).join("");
  await until(() => client.text.length >= expected.length);
  assert.equal(client.text, expected);
  await server.close();
  client.socket.destroy();
});

test("ServerThread leaves no descriptor", async () => {
  const serve = async () => {
    const server = await start();
    const client = new NetClient(server.path);
    await until(() => server.peers.length === 1);
    await server.close();
    client.socket.destroy();
  };
  const descriptors = () => readdirSync("/proc/self/fd").length;
  // A runtime keeps some of its own from the first client on.
  await serve();
  const before = descriptors();
  for (let n = 0; n < 3; n++) await serve();
  await until(() => descriptors() <= before);
});

test("ServerThread hands chunks to several clients, and counts", async () => {
  const server = await start();
  const clients = [new NetClient(server.path), new NetClient(server.path)];
  await until(() => server.peers.length === 2);
  const numbers = server.peers.map(({ client }) => client);
  let expected = "";
  for (let n = 0; n < 2000; n++) {
    const line = `{"event":"fork","seq":${n}}\n`;
    expected += line;
    // A view on a part of what is given away.
    const bytes = encoder.encode(`xx${line}yy`);
    server.thread.send(numbers, bytes.subarray(2, -2), { events: 1, lost: 0, seq: n });
    assert.equal(bytes.length, 0);
  }
  await until(() => clients.every(({ text }) => text.length === expected.length));
  for (const { text } of clients) assert.equal(text, expected);
  assert.equal(server.thread.unreadBytes, 0);
  const counts = await server.thread.counts();
  const all = { sent: 2000, lost: 0, waiting: 0 };
  assert.deepEqual([...counts].sort(([a], [b]) => a - b), numbers.map((number) => [number, all]));
  await server.close();
  for (const { socket } of clients) socket.destroy();
});

test("ServerThread loses no command, however they come", async () => {
  const server = await start();
  const client = new NetClient(server.path);
  await until(() => server.peers.length === 1);
  const number = server.peers[0]!.client;
  let expected = "";
  for (let n = 0; n < 3000; n++) {
    server.thread.answer(number, String(n));
    expected += `${n}\n`;
    // Now and then the thread has gone to sleep before the next.
    if (n % 100 === 0) await until(() => client.text === expected);
  }
  await until(() => client.text === expected);
  await server.close();
  client.socket.destroy();
});

test("ServerThread tells when a client is ready, gone, or closed by us", async () => {
  const server = await start();
  const client = new NetClient(server.path);
  await until(() => server.peers.length === 1);
  const number = server.peers[0]!.client;
  await server.thread.ready(number);
  client.socket.pause();
  server.thread.send([number], new Uint8Array(4 << 20).fill(10), { events: 1, lost: 0, seq: 1 });
  let isReady = false;
  const ready = server.thread.ready(number).then(() => isReady = true);
  const { waiting } = (await server.thread.counts()).get(number)!;
  assert.ok(waiting > 256 << 10 && !isReady);
  client.socket.resume();
  await ready;
  server.thread.disconnect(number);
  await until(() => client.ended);
  assert.equal(client.text.length, 4 << 20);
  await until(() => server.gone.length === 1);
  await server.thread.ready(number);
  await server.close();
  assert.deepEqual(await server.thread.counts(), new Map());
  await server.thread.ready(number);
  client.socket.destroy();
});

test("ServerThread keeps a client that has shut down its writing side", async () => {
  const server = await start();
  const [kept, other] = [new NetClient(server.path), new NetClient(server.path)];
  await Promise.all([kept.connected, other.connected]);
  await until(() => server.peers.length === 2);
  kept.socket.write("mine\n");
  await until(() => server.requests.length === 1);
  const [[number]] = server.requests as [[number, string]];
  server.thread.keep(number);
  await server.thread.counts();
  kept.socket.end("a\n");
  other.socket.end("b");
  await until(() => server.gone.length === 1 && kept.text === "<mine>\n<a>\n");
  await until(() => other.ended);
  assert.deepEqual([other.text, kept.ended], ["<b>\n", false]);
  assert.notEqual(server.gone[0], number);
  server.thread.send([number], encoder.encode("event\n"), { events: 1, lost: 0, seq: 1 });
  await until(() => kept.text.endsWith("event\n"));
  await server.close();
  for (const { socket } of [kept, other]) socket.destroy();
});

test("ServerThread tells the end of a watched process", async () => {
  const server = await start();
  const children = [1, 2].map(() => spawn("sleep", ["1000"], { stdio: "ignore" }));
  const pidfds = children.map(({ pid }) => check("open a pidfd", libc.pidfdOpen(pid!)));
  pidfds.forEach((pidfd, index) => server.thread.watch(pidfd, 40 + index));
  server.thread.unwatch(pidfds[0]!);
  // An end that comes before that was heard is told.
  await server.thread.counts();
  for (const child of children) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
  await until(() => server.died.length > 0);
  await server.thread.counts();
  assert.deepEqual(server.died, [41]);
  server.thread.unwatch(pidfds[1]!);
  await server.close();
  for (const pidfd of pidfds) assert.equal(libc.close(pidfd), -ERRNO.EBADF);
});

test("ServerThread says that it cannot serve", async () => {
  const refuse = () => {
    throw new Error("told");
  };
  const handlers = {
    onConnect: refuse,
    onRequest: refuse,
    onDisconnect: refuse,
    onDied: refuse,
    onFailed: refuse,
  };
  const options = { listeners: [1_000_000], source: "poll", euid: 0 };
  await assert.rejects(ServerThread.start(options, handlers), /watch a descriptor: EBADF/);
});

test("ServerThread says that it has ended, and clients see that nobody serves them", async () => {
  const server = await start();
  const client = new NetClient(server.path);
  await until(() => server.peers.length === 1);
  const { client: number } = server.peers[0]!;
  // epoll(7) refuses to watch a file.
  const file = openSync(fileURLToPath(import.meta.url), "r");
  server.thread.watch(file, 1);
  const counts = server.thread.counts();
  const ready = server.thread.ready(number);
  await until(() => server.errors.length === 1 && client.ended);
  assert.match(server.errors[0]!.message, /^Cannot watch a process: EPERM/);
  assert.deepEqual([await counts, await ready, server.gone], [new Map(), undefined, [number]]);
  // Nothing that is said later fails.
  server.thread.answer(number, "a");
  server.thread.send([number], new Uint8Array(1), { events: 1, lost: 0, seq: 1 });
  assert.equal((await server.thread.counts()).size, 0);
  closeSync(file);
  client.socket.destroy();
  server.errors.length = 0;
  await server.close();
});

/** Runs `ending` in a program that serves; how it ended. */
async function runProgram(ending: string): Promise<[number | null, string]> {
  const folder = makeFolder();
  const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const program = `
    import process from "node:process";
    import { openLibc } from ${JSON.stringify(at("ffi/mod.ts"))};
    import { openListener } from ${JSON.stringify(at("src/serve/listen.ts"))};
    import { ServerThread } from ${JSON.stringify(at("src/serve/thread.ts"))};
    const libc = await openLibc();
    const listener = openListener(libc, process.argv.at(-1), null);
    const none = () => {};
    const thread = await ServerThread.start(
      { listeners: [listener.fd], source: "poll", euid: 0 },
      { onConnect: none, onRequest: none, onDisconnect: none, onDied: none, onFailed: none },
    );
    process.stdout.write("serving");
    ${ending}
  `;
  const file = join(folder.path, "program.mts");
  writeFileSync(file, program);
  const args = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...args, file, join(folder.path, "fh.sock")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (part: string) => text += part);
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const [status] = await once(child, "close") as [number | null];
  clearTimeout(timer);
  folder.remove();
  return [status, text];
}

test("a program ends by itself after close()", async () => {
  assert.deepEqual(await runProgram("await thread.close();"), [0, "serving"]);
});

test("a program that exits while the thread sleeps does not hang", async () => {
  assert.deepEqual(await runProgram("setTimeout(() => process.exit(3), 50);"), [3, "serving"]);
});
