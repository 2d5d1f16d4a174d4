import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  DOOR_LIMITS,
  isLoopback,
  MetricsDoor,
  type MetricsPlace,
} from "../../src/recorder/metrics_door.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { until } from "../support/until.ts";

const folder = temporaryFolder("fh-door-");
const LOCAL = { host: "127.0.0.1", port: 0 };
const REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function open(place: MetricsPlace, againMs = 60_000) {
  const said: string[] = [];
  const text = (format: string) => `# ${format}\n`;
  const say = (text: string) => void said.push(text);
  return { door: await MetricsDoor.open({ place, text, say, againMs }), said };
}

/** Where a door of a port listens. */
function placeOf({ where }: MetricsDoor): { host: string; port: number } {
  const [, host, port] = /^http:\/\/\[?(.*?)\]?:(\d+)\/metrics$/.exec(where!)!;
  return { host: host!, port: Number(port) };
}

/** Somebody who has connected, and what came back. */
class Visitor {
  text = "";
  isOver = false;
  readonly socket: Socket;

  constructor(to: { host: string; port: number } | { path: string }) {
    this.socket = createConnection({ ...to, allowHalfOpen: true });
    this.socket.on("data", (bytes) => this.text += String(bytes));
    for (const event of ["end", "close", "error"]) {
      this.socket.on(event, () => this.isOver = true);
    }
  }

  async connected(): Promise<this> {
    await until(() => this.socket.readyState === "open" || this.isOver);
    return this;
  }

  async over(): Promise<string> {
    await until(() => this.isOver, "its end");
    this.socket.destroy();
    return this.text;
  }
}

async function scrape(to: { host: string; port: number } | { path: string }): Promise<string> {
  const visitor = new Visitor(to);
  visitor.socket.write(REQUEST);
  return await visitor.over();
}

function listening(place: { host: string; port: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(place, () => resolve(server));
  });
}

test("a port of this host is scraped, however a request is cut into pieces", async () => {
  const { door, said } = await open(LOCAL);
  assert.deepEqual(said, [`metrics at ${door.where}`]);
  assert.match(await scrape(placeOf(door)), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n# prometheus\n$/);
  const slow = await new Visitor(placeOf(door)).connected();
  for (const piece of ["GET /met", "rics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r"]) {
    slow.socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  slow.socket.write("\nmore");
  assert.match(await slow.over(), /# openmetrics\n$/);
  // Who says that nothing more comes is answered all the same.
  const half = new Visitor(placeOf(door));
  half.socket.end(REQUEST);
  assert.match(await half.over(), /# prometheus\n$/);
  await door.close();
  await assert.rejects(async () => {
    const late = new Visitor(placeOf(door));
    await until(() => late.isOver);
    if (late.text === "") throw new Error("nobody listens");
  });
});

test("a request that is too long is refused, and one that never ends is ended", async () => {
  const { door } = await open(LOCAL);
  const long = new Visitor(placeOf(door));
  long.socket.write("GET /metrics HTTP/1.1\r\n" + "x".repeat(DOOR_LIMITS.request));
  assert.match(await long.over(), /^HTTP\/1\.1 431 /);
  const silent = await new Visitor(placeOf(door)).connected();
  assert.equal(await silent.over(), "");
  await door.close();
});

test("who holds many connections keeps nobody out", async () => {
  const { door } = await open(LOCAL);
  const place = placeOf(door);
  const held: Visitor[] = [];
  for (let n = 0; n < DOOR_LIMITS.connections + 5; n++) {
    held.push(await new Visitor(place).connected());
  }
  assert.match(await scrape(place), /# prometheus\n$/);
  await until(() => held.slice(0, 5).every(({ isOver }) => isOver), "the first ones' end");
  for (const { socket } of held) socket.destroy();
  await door.close();
});

test("a port that is taken is told once, and taken when it is free", async () => {
  const taken = await listening(LOCAL);
  const { port } = taken.address() as { port: number };
  const { door, said } = await open({ host: "127.0.0.1", port }, 20);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(said, [
    `no metrics: Cannot listen on 127.0.0.1:${port}: EADDRINUSE; trying again each minute`,
  ]);
  assert.equal(door.where, null);
  await new Promise<void>((resolve) => taken.close(() => resolve()));
  await until(() => said.length === 2, "the second try");
  assert.equal(said[1], `metrics at http://127.0.0.1:${port}/metrics`);
  assert.match(await scrape({ host: "127.0.0.1", port }), /# prometheus\n$/);
  await door.close();
});

test("a door that is closed before it could be opened stays closed", async () => {
  const taken = await listening(LOCAL);
  const { port } = taken.address() as { port: number };
  const { door, said } = await open({ host: "127.0.0.1", port }, 5);
  await door.close();
  await new Promise<void>((resolve) => taken.close(() => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(said.length, 1);
});

test("an address that others can reach is named as open", async () => {
  const { door, said } = await open({ host: "0.0.0.0", port: 0 });
  assert.match(said[0]!, /^metrics at http:\/\/0\.0\.0\.0:\d+\/metrics, without a password, /);
  await door.close();
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "::2", "2127.0.0.1"]) {
    assert.ok(!isLoopback(host), host);
  }
});

test("a socket is for its owner alone, and is removed at the end", async () => {
  const path = join(folder, "metrics.sock");
  const { door, said } = await open({ path, group: null });
  assert.deepEqual(said, [`metrics at unix:${path}`]);
  const { mode } = lstatSync(path);
  assert.equal(mode & 0o777, 0o600);
  assert.match(await scrape({ path }), /# prometheus\n$/);
  assert.deepEqual(readdirSync(folder), ["metrics.sock"]);
  await door.close();
  assert.ok(!existsSync(path));
});

test("a socket for a group, in the place of one that nobody listens on", async () => {
  const path = join(folder, "group.sock");
  const before = await open({ path, group: null });
  // Another one is at work: it is left alone.
  const second = await open({ path, group: null });
  assert.match(second.said[0]!, /^no metrics: Cannot listen on .*: somebody listens there; /);
  await second.door.close();
  await before.door.close();
  const { door } = await open({ path, group: process.getgid!() });
  assert.equal(lstatSync(path).mode & 0o777, 0o660);
  await door.close();
});

test("what is no socket is left alone, and a folder that others write to is refused", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "kept");
  const first = await open({ path: file, group: null });
  assert.match(first.said[0]!, /^no metrics: Cannot listen on .*: it exists and is no socket; /);
  await first.door.close();
  assert.ok(lstatSync(file).isFile());
  const shared = join(folder, "open");
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const second = await open({ path: join(shared, "s"), group: null });
  assert.match(second.said[0]!, /^no metrics: .*others may write to the folder/);
  await second.door.close();
  const long = await open({ path: join(folder, "x".repeat(120)), group: null });
  assert.match(long.said[0]!, /^no metrics: .*: longer than \d+ bytes; /);
  await long.door.close();
});
