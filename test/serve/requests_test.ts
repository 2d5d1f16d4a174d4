import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { check, ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { openLibc } from "../../ffi/mod.ts";
import { LINE_MAX } from "../../src/serve/protocol.ts";
import { random } from "../support/random.ts";
import { foreign, NetClient, RawClient, type Serving, serving } from "../support/serving.ts";

const libc = await openLibc();
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => String(from + n));
const asLines = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const descriptors = () => readdirSync("/proc/self/fd").length;

/** Sends all, however long it takes. */
async function sendAll(server: Serving, client: RawClient, text: string): Promise<void> {
  let rest = new TextEncoder().encode(text);
  await server.until(() => {
    rest = rest.subarray(client.send(rest.subarray(0, 32_768)));
    return rest.length === 0;
  });
}

test("Connections tells who connects, with numbers that are never the same", () =>
  serving([libc], (server) => {
    const [a, first] = server.connect();
    a.close();
    server.idle();
    const [b, second] = server.connect();
    assert.notEqual(first, second);
    assert.deepEqual(server.gone, [first]);
    const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
    assert.deepEqual(server.peers, [{ client: first, ...own }, { client: second, ...own }]);
    b.close();
  }));

test("Connections cuts what comes into lines, wherever it was cut", () =>
  serving([libc], async (server) => {
    server.echo = true;
    const [client] = server.connect();
    const next = random(3);
    const text = '{"a":"é"}\n\r\nb\r\n' + asLines(numbered(300)) + "x".repeat(70_000) + "\nlast\n";
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      const to = at + 1 + Math.floor(next() * (at > 1500 ? 30_000 : 40));
      client.send(bytes.subarray(at, to));
      server.idle();
      client.receive();
      at = to;
    }
    await server.until(() => server.lines.at(-1) === "last");
    assert.deepEqual(server.lines, ['{"a":"é"}', "", "b", ...numbered(300), null, "last"]);
    client.close();
  }));

test("Connections takes the longest line, and U+FFFD for what is not UTF-8", () =>
  serving([libc], async (server) => {
    const [client] = server.connect();
    await sendAll(server, client, "y".repeat(LINE_MAX - 1) + "\n");
    client.send(new Uint8Array([0x7b, 0xff, 0x7d, 10]));
    server.idle();
    assert.deepEqual(server.lines.map((line) => line!.length), [LINE_MAX - 1, 3]);
    assert.equal(server.lines[1], "{\ufffd}");
    client.close();
  }));

test("Connections takes the end of the stream for the end of a line, and answers then", () =>
  serving([libc], async (server) => {
    const client = new NetClient(server.path);
    await server.until(() => server.peers.length === 1);
    client.socket.end("a\nb");
    await server.until(() => server.lines.length === 2);
    const number = server.peers[0]!.client;
    server.connections.answer(number, "A");
    server.idle();
    assert.deepEqual(server.gone, []);
    assert.equal(server.lastCount, 0);
    server.connections.answer(number, "B");
    await server.until(() => client.ended);
    assert.deepEqual([client.text, server.gone], ["A\nB\n", [number]]);
    client.socket.destroy();
  }));

test("a client with a subscription goes on after it has shut down its writing side", () =>
  serving([libc], async (server) => {
    const client = new NetClient(server.path);
    await server.until(() => server.peers.length === 1);
    client.socket.end("subscribe\n");
    await server.until(() => server.lines.length === 1);
    const number = server.peers[0]!.client;
    server.connections.keep(number);
    server.connections.answer(number, "ok");
    const event = new TextEncoder().encode("event\n");
    server.connections.send([number], event, { events: 1, lost: 0, seq: 1 });
    await server.until(() => client.text === "ok\nevent\n");
    assert.deepEqual([server.gone, server.lastCount], [[], 0]);
    client.socket.destroy();
    await server.until(() => server.gone.length === 1);
  }));

test("what a client asked before it closed is told, all of it and in order", () =>
  serving([libc], (server) => {
    const [client, number] = server.connect();
    client.send(asLines(numbered(200)));
    client.close();
    server.idle();
    assert.deepEqual(server.lines, numbered(64));
    assert.deepEqual([server.gone, server.lastCount], [[], 0]);
    for (let n = 0; n < 200; n++) {
      server.connections.answer(number, "nobody hears it");
      server.idle();
    }
    assert.deepEqual(server.lines, numbered(200));
    assert.deepEqual(server.gone, [number]);
  }));

test("a client that does not wait for answers is not read from beyond 64 requests", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    client.send(asLines(numbered(100)));
    server.idle();
    client.send(asLines(numbered(10, 100)));
    server.idle();
    assert.deepEqual(server.lines, numbered(64));
    // What waits must not end the wait again and again.
    assert.equal(server.lastCount, 0);
    for (let n = 0; n < 20; n++) server.connections.answer(number, "a");
    server.idle();
    assert.deepEqual(server.lines, numbered(84));
    for (let n = 20; n < 110; n++) {
      server.connections.answer(number, "a");
      server.idle();
    }
    assert.deepEqual(server.lines, numbered(110));
    let text = "";
    await server.until(() => (text += client.receive()!).length === 220);
    assert.equal(text, asLines(Array(110).fill("a")));
    client.close();
  }));

test("long requests count by their length", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    const long = "z".repeat(50_000);
    await sendAll(server, client, `${long}\n`.repeat(3));
    client.send("short\n");
    server.idle();
    assert.equal(server.lines.length, 3);
    assert.equal(server.lastCount, 0);
    for (let n = 0; n < 3; n++) server.connections.answer(number, "a");
    server.idle();
    assert.equal(server.lines.at(-1), "short");
    client.close();
  }));

test("of a client that leaves an answer unread no further request is taken", () =>
  serving([libc, { unanswered: 2 }], async (server) => {
    const [client, number] = server.connect();
    client.send(asLines(numbered(5)));
    server.idle();
    const answer = "b".repeat(3 << 20);
    server.connections.answer(number, answer);
    client.send("5\n");
    server.idle();
    assert.deepEqual([server.lines, server.lastCount], [numbered(2), 0]);
    // Also a part that is left keeps the whole in memory.
    let length = 0;
    await server.until(() => (length += client.receive(64 << 10)!.length) > 9 << 18);
    server.idle();
    assert.deepEqual([server.lines, server.lastCount], [numbered(2), 0]);
    await server.until(() => (length += client.receive()!.length) === answer.length + 1);
    server.idle();
    assert.deepEqual(server.lines, numbered(3));
    for (let n = 1; n < 6; n++) {
      server.connections.answer(number, "a");
      server.idle();
    }
    assert.deepEqual(server.lines, numbered(6));
    client.close();
  }));

test("a client that asks 64 small things at once may read all answers later", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    client.send(asLines(numbered(64)));
    server.idle();
    assert.deepEqual(server.lines, numbered(64));
    const answers = numbered(64).map((line) => line.padEnd(4000));
    for (const answer of answers) server.connections.answer(number, answer);
    client.send("next\n");
    server.idle();
    let text = "";
    await server.until(() => (text += client.receive()!).length === 64 * 4001);
    assert.equal(text, asLines(answers));
    await server.until(() => server.lines.at(-1) === "next");
    client.close();
  }));

test("beyond the limits a client is told so and closed, until somebody leaves", () =>
  serving([libc, { connections: { total: 3, reserve: 0 } }], (server) => {
    const clients = [1, 2, 3].map(() => server.connect()[0]);
    const refused = new RawClient(libc, server.path);
    refused.send("hello\n");
    server.idle();
    const line = refused.receive()!;
    assert.match(
      line,
      /^\{"ok":false,"op":null,"error":"EUSERS","errno":87,"message":"[^"]+"\}\n$/,
    );
    assert.match(line, /user 0 has 3 of 3 connections already/);
    assert.equal(refused.receive(), null);
    assert.deepEqual([server.peers.length, server.lines], [3, []]);
    clients.pop()!.close();
    server.idle();
    clients.push(server.connect()[0]);
    assert.equal(server.peers.length, 4);
    for (const client of [...clients, refused]) client.close();
  }));

test("one user has a limit of its own, which root and the server's user have not", async () => {
  let uid = 1000;
  await serving([
    libc,
    { connections: { total: 64, reserve: 8, most: 2 } },
    foreign(libc, () => uid),
    77,
  ], (server) => {
    const clients = [1, 2, 3].map(() => new RawClient(libc, server.path));
    server.idle();
    assert.match(clients[2]!.receive()!, /"EUSERS".*user 1000 has 2 of 2 connections already/);
    for (uid of [1001, 0, 77, 0, 77, 0, 77]) clients.push(server.connect()[0]);
    assert.equal(server.peers.length, 9);
    clients[0]!.close();
    server.idle();
    uid = 1000;
    clients.push(server.connect()[0]);
    assert.deepEqual(server.peers.map((peer) => peer.uid), [
      ...[1000, 1000, 1001, 0, 77, 0, 77, 0, 77, 1000],
    ]);
    for (const client of clients.slice(1)) client.close();
  });
});

test("many users leave some connections to each other, to root and the server", async () => {
  let uid = 1000;
  const limits = { connections: { total: 16, reserve: 4 } };
  await serving([libc, limits, foreign(libc, () => uid), 77], (server) => {
    const clients: RawClient[] = [];
    const connect = (each: number) => {
      uid = each;
      const before = server.peers.length;
      const client = new RawClient(libc, server.path);
      clients.push(client);
      server.idle();
      return server.peers.length > before;
    };
    const most = (each: number) => {
      let count = 0;
      while (connect(each)) count++;
      return count;
    };
    assert.deepEqual([1000, 1001, 1002].map(most), [6, 3, 1]);
    assert.match(clients.at(-1)!.receive()!, /user 1002 has 1 of 10 connections already/);
    assert.equal(connect(1003), true);
    assert.deepEqual([most(77), most(0)], [5, 0]);
    for (const client of clients) client.close();
  });
});

test("a client that the kernel cannot watch is told so and closed, it alone", async () => {
  let failures = 0;
  const epollAdd: Libc["epollAdd"] = (...args) =>
    failures-- > 0 ? -ERRNO.ENOSPC : libc.epollAdd(...args);
  await serving([libc, {}, { epollAdd }], (server) => {
    const [before] = server.connect();
    failures = 1;
    const closed = new RawClient(libc, server.path);
    const after = new RawClient(libc, server.path);
    server.idle();
    assert.match(closed.receive()!, /"EUSERS".*the kernel watches no more \(ENOSPC\)/);
    assert.equal(closed.receive(), null);
    // Nobody waits for it.
    assert.equal(server.peers.length, 2);
    before.send("a\n");
    after.send("b\n");
    server.idle();
    assert.deepEqual([server.lines.toSorted(), server.gone], [["a", "b"], []]);
    for (const client of [before, closed, after]) client.close();
  });
});

test("a client whose watch the kernel does not change is closed, it alone", async () => {
  let failures = 1;
  const epollModify: Libc["epollModify"] = (...args) =>
    failures-- > 0 ? -ERRNO.ENOMEM : libc.epollModify(...args);
  await serving([libc, { unanswered: 1 }, { epollModify }], (server) => {
    const [closed, number] = server.connect();
    const [other, otherNumber] = server.connect();
    closed.send("a\n");
    server.idle();
    assert.deepEqual([server.gone, closed.receive()], [[number], null]);
    other.send("b\n");
    server.idle();
    server.connections.answer(otherNumber, "B");
    server.idle();
    assert.equal(other.receive(), "B\n");
    for (const client of [closed, other]) client.close();
  });
});

test("without descriptors left nobody is accepted for a moment, without spinning", async () => {
  let calls = 0;
  const accept4 = (fd: number, flags: number) =>
    calls++ === 0 ? -ERRNO.EMFILE : libc.accept4(fd, flags);
  await serving([libc, {}, { accept4 }], (server) => {
    const client = new RawClient(libc, server.path);
    server.connections.turn(-1);
    server.connections.turn(0);
    assert.deepEqual([calls, server.peers.length], [1, 0]);
    // The end of the pause ends the wait.
    for (let turns = 0; turns < 5 && server.peers.length === 0; turns++) {
      server.connections.turn(-1);
    }
    assert.equal(server.peers.length, 1);
    client.close();
  });
});

test("an error of accept4(2) that does not pass is thrown", async () => {
  await serving([libc, {}, { accept4: () => -ERRNO.EINVAL }], (server) => {
    const client = new RawClient(libc, server.path);
    assert.throws(() => server.connections.turn(-1), /accept a client: EINVAL/);
    client.close();
  });
});

test("a thousand connections open and close in any order, and no descriptor is left", async () => {
  await serving([libc], (server) => {
    const before = descriptors();
    const next = random(5);
    const open: RawClient[] = [];
    for (let n = 0; n < 1000; n++) {
      open.push(new RawClient(libc, server.path));
      open.at(-1)!.send(`${n}\n`);
      if (n % 50 === 0) server.idle();
      while (open.length > 0 && next() < (n < 600 ? 0.2 : 0.7)) {
        open.splice(Math.floor(next() * open.length), 1)[0]!.close();
      }
    }
    server.idle();
    assert.equal(descriptors(), before + 2 * open.length);
    for (const client of open) client.close();
    server.idle();
    assert.equal(descriptors(), before);
    assert.equal(new Set(server.peers.map(({ client }) => client)).size, 1000);
    assert.deepEqual(server.lines.map(Number).sort((a, b) => a - b), numbered(1000).map(Number));
    assert.equal(server.gone.length, 1000);
  });
});

test("Connections leaves no descriptor when it is closed", async () => {
  const before = descriptors();
  await serving([libc], (server) => {
    for (let n = 0; n < 5; n++) server.connect()[0].close();
  });
  assert.equal(descriptors(), before);
});

/** A process that lives until it is told otherwise, and its pidfd. */
function sleeper(): { pidfd: number; end(): Promise<void> } {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  const exited = once(child, "exit");
  const pidfd = check("open a pidfd", libc.pidfdOpen(child.pid!));
  return {
    pidfd,
    async end() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test("the end of a watched process is told once, and its pidfd is closed with the watch", () =>
  serving([libc], async (server) => {
    const [a, b, c] = [sleeper(), sleeper(), sleeper()];
    server.connections.watch(a.pidfd, 7);
    server.connections.watch(b.pidfd, 8);
    server.connections.watch(c.pidfd, 9);
    server.idle();
    assert.deepEqual(server.died, []);
    await a.end();
    await server.until(() => server.died.length > 0);
    server.connections.unwatch(b.pidfd);
    await Promise.all([b.end(), c.end()]);
    await server.until(() => server.died.length > 1);
    server.idle();
    assert.deepEqual([server.died, server.lastCount], [[7, 9], 0]);
    for (const { pidfd } of [a, c]) server.connections.unwatch(pidfd);
    for (const { pidfd } of [a, b, c]) assert.equal(libc.close(pidfd), -ERRNO.EBADF);
  }));

test("a process that the kernel cannot watch ends nothing, and its pidfd is closed", async () => {
  let error = 0;
  const epollAdd: Libc["epollAdd"] = (...args) => error === 0 ? libc.epollAdd(...args) : -error;
  await serving([libc, {}, { epollAdd }], async (server) => {
    const [client] = server.connect();
    const [a, b, c] = [sleeper(), sleeper(), sleeper()];
    error = ERRNO.ENOSPC;
    server.connections.watch(a.pidfd, 1);
    error = ERRNO.ENOMEM;
    server.connections.watch(b.pidfd, 2);
    error = 0;
    server.connections.watch(c.pidfd, 3);
    await Promise.all([a.end(), b.end(), c.end()]);
    await server.until(() => server.died.length > 0);
    client.send("a\n");
    server.idle();
    assert.deepEqual([server.died, server.lines], [[3], ["a"]]);
    for (const { pidfd } of [a, b, c]) {
      server.connections.unwatch(pidfd);
      assert.equal(libc.close(pidfd), -ERRNO.EBADF);
    }
    client.close();
  });
});
