import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { CLOCK, SOCKET } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { ServiceManager } from "../../src/host/notify.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeLibc } from "../support/fake_libc.ts";
import { Receiver } from "../support/receiver.ts";

const { AF_UNIX, SOCK_DGRAM, SOCK_CLOEXEC, MSG_DONTWAIT, MSG_NOSIGNAL } = SOCKET;
const folder = temporaryFolder("fh-notify-");

let names = 0;
const addresses: [string, () => string][] = [
  ["a path", () => join(folder, `socket-${names++}`)],
  ["an abstract name", () => `@fh-test-${process.pid}-${names++}`],
];

for (const [kind, newName] of addresses) {
  test(`ServiceManager speaks sd_notify to ${kind}`, async () => {
    const name = newName();
    const libc = await openLibc();
    const receiver = new Receiver(libc, name);
    const manager = ServiceManager.open({ NOTIFY_SOCKET: name });
    assert.equal(manager.present, true);
    assert.equal(await manager.ready("capturing"), 0);
    assert.equal(receiver.next(), "READY=1\nSTATUS=capturing");
    assert.equal(await manager.status("12 events, é"), 0);
    assert.equal(receiver.next(), "STATUS=12 events, é");
    const before = Math.floor(libc.clockGettime(CLOCK.MONOTONIC) / 1000);
    assert.equal(await manager.reloading(), 0);
    const { usec } = /^RELOADING=1\nMONOTONIC_USEC=(?<usec>\d+)$/.exec(receiver.next())!.groups!;
    const since = Number(usec) - before;
    assert.ok(since >= 0 && since < 10e6, usec);
    assert.equal(await manager.stopping(), 0);
    assert.equal(receiver.next(), "STOPPING=1");
    assert.ok(receiver.empty);
    receiver.close();
  });

  test(`ServiceManager survives the end of ${kind}, and finds it again`, async () => {
    const name = newName();
    const libc = await openLibc();
    const manager = ServiceManager.open({ NOTIFY_SOCKET: name });
    const first = new Receiver(libc, name);
    assert.equal(await manager.status("a"), 0);
    first.close();
    assert.equal(await manager.status("b"), ERRNO.ECONNREFUSED);
    if (name.startsWith("/")) rmSync(name);
    if (name.startsWith("/")) assert.equal(await manager.stopping(), ERRNO.ENOENT);
    const second = new Receiver(libc, name);
    assert.equal(await manager.ready("c"), 0);
    assert.equal(second.next(), "READY=1\nSTATUS=c");
    second.close();
  });
}

test("a manager that reads nothing delays no status, other messages by a second", async () => {
  const name = addresses[1]![1]();
  const libc = await openLibc();
  const receiver = new Receiver(libc, name);
  const manager = ServiceManager.open({ NOTIFY_SOCKET: name });
  let sent = 0;
  // The kernel's own limit, net.unix.max_dgram_qlen, is at most some hundreds.
  while (sent < 10_000 && await manager.status(String(sent)) === 0) sent++;
  assert.ok(sent > 0 && sent < 10_000);
  const began = libc.clockGettime(CLOCK.MONOTONIC);
  assert.equal(await manager.status("x"), ERRNO.EAGAIN);
  const between = libc.clockGettime(CLOCK.MONOTONIC);
  assert.ok(between - began < 0.5e9);
  assert.equal(await manager.stopping(), ERRNO.EAGAIN);
  const waited = libc.clockGettime(CLOCK.MONOTONIC) - between;
  assert.ok(waited > 0.9e9 && waited < 10e9, `${waited} ns`);
  receiver.close();
});

/** A libc that notes its calls; those named in `results` answer so, socket() with 7. */
function journal(results: Partial<Record<"socket" | "connect" | "send", number>> = {}) {
  const calls: unknown[][] = [];
  const note = (name: string, result: number) => (...args: unknown[]) => {
    calls.push([name, ...args]);
    return result;
  };
  const libc = fakeLibc({
    socket: note("socket", results.socket ?? 7),
    setsockopt: note("setsockopt", 0),
    connect: note("connect", results.connect ?? 0),
    send: note("send", results.send ?? 9),
    close: note("close", 0),
    clockGettime: () => 1_234_567_899,
  });
  return { libc, calls, names: () => calls.map(([name]) => name) };
}

const openWith = (libc: Libc, name: string) =>
  ServiceManager.open({ NOTIFY_SOCKET: name }, () => Promise.resolve(libc));

test("ServiceManager sends each message through a socket of its own", async () => {
  const { libc, calls } = journal();
  const manager = openWith(libc, "@ab");
  assert.equal(await manager.status("on"), 0);
  const timeval = new Uint8Array(new BigInt64Array([1n, 0n]).buffer);
  assert.deepEqual(calls, [
    ["socket", AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0],
    ["setsockopt", 7, SOCKET.SOL_SOCKET, SOCKET.SO_SNDTIMEO, timeval],
    ["connect", 7, new Uint8Array([1, 0, 0, 97, 98])],
    ["send", 7, new TextEncoder().encode("STATUS=on"), MSG_DONTWAIT | MSG_NOSIGNAL],
    ["close", 7],
  ]);
  calls.length = 0;
  await manager.reloading();
  assert.deepEqual(calls[3], [
    "send",
    7,
    new TextEncoder().encode("RELOADING=1\nMONOTONIC_USEC=1234567"),
    MSG_NOSIGNAL,
  ]);
});

test("ServiceManager gives the errno of what failed, and leaves no socket open", async () => {
  const rows = [
    [{ socket: -24 }, 24, ["socket"]],
    [{ connect: -111 }, 111, ["socket", "setsockopt", "connect", "close"]],
    [{ send: -11 }, 11, ["socket", "setsockopt", "connect", "send", "close"]],
  ] as const;
  for (const [results, errno, names] of rows) {
    const fake = journal(results);
    const manager = openWith(fake.libc, "/run/systemd/notify");
    assert.equal(await manager.ready(""), errno);
    assert.deepEqual(fake.names(), names);
  }
});

test("a status is one line of bounded length, whatever it is", async () => {
  const sent: string[] = [];
  const libc = fakeLibc({
    socket: () => 7,
    send(_fd, message) {
      assert.ok(message.length < 4096);
      sent.push(new TextDecoder().decode(message));
      return message.length;
    },
  });
  const manager = openWith(libc, "/run/systemd/notify");
  await manager.status("a\nREADY=1\r\n\0b\x1b[31m");
  await manager.ready("\nMAINPID=1");
  await manager.status("");
  await manager.status("\u{1f600}".repeat(5000));
  await manager.status("\ud83d");
  assert.deepEqual(sent.slice(0, 3), [
    "STATUS=a READY=1 b [31m",
    "READY=1\nSTATUS= MAINPID=1",
    "STATUS=",
  ]);
  assert.equal(sent[3], `STATUS=${"\u{1f600}".repeat(250)}`);
  assert.equal(sent[4], "STATUS=\ufffd");
});

test("without a service manager libc is not loaded, and nothing fails", async () => {
  const load = () => Promise.reject(new Error("loaded"));
  const nobody = [
    undefined,
    "",
    "@",
    "/",
    "run/systemd/notify",
    "vsock:2:1234",
    `/${"a".repeat(107)}`,
    `@${"é".repeat(54)}`,
  ];
  for (const name of nobody) {
    const manager = ServiceManager.open({ NOTIFY_SOCKET: name }, load);
    assert.equal(manager.present, false, name);
    const answers = [manager.ready("a"), manager.status("b"), manager.reloading()];
    assert.deepEqual(await Promise.all([...answers, manager.stopping()]), [0, 0, 0, 0]);
  }
});

test("a libc that does not load is an answer, not an error", async () => {
  const load = () => Promise.reject(new Error("no libc"));
  const manager = ServiceManager.open({ NOTIFY_SOCKET: "@fh-test" }, load);
  assert.equal(manager.present, true);
  assert.equal(await manager.ready("a"), ERRNO.ENOSYS);
  assert.equal(await manager.reloading(), ERRNO.ENOSYS);
});

test("messages keep their order, also those from before libc was loaded", async () => {
  const sent: string[] = [];
  const loaded = Promise.withResolvers<Libc>();
  const manager = ServiceManager.open({ NOTIFY_SOCKET: "@fh-test" }, () => loaded.promise);
  const answers = [manager.reloading(), manager.ready("b"), manager.status("c")];
  loaded.resolve(fakeLibc({
    send: (_fd, message) => sent.push(new TextDecoder().decode(message).split("\n").at(-1)!),
  }));
  assert.deepEqual(await Promise.all(answers), [0, 0, 0]);
  const later = [manager.status("d"), manager.reloading(), manager.stopping()];
  await Promise.all(later);
  assert.deepEqual(sent, [
    "MONOTONIC_USEC=0",
    "STATUS=b",
    "STATUS=c",
    "STATUS=d",
    "MONOTONIC_USEC=0",
    "STOPPING=1",
  ]);
});

test("the longest addresses fit", async () => {
  const libc = await openLibc();
  const path = join(folder, "p".repeat(107 - folder.length - 1));
  for (const name of [path, `@${String(process.pid).padEnd(107, "a")}`]) {
    const receiver = new Receiver(libc, name);
    const manager = ServiceManager.open({ NOTIFY_SOCKET: name });
    assert.equal(await manager.stopping(), 0);
    assert.equal(receiver.next(), "STOPPING=1");
    receiver.close();
  }
});
