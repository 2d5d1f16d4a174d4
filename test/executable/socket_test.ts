/** The socket of the built executable: hostile and dying clients harm nobody else. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { random } from "../support/random.ts";
import { Running } from "../support/running.ts";
import { ask, ServerFolder, Subscription } from "../support/server.ts";
import { unless } from "../support/unless.ts";

// deno-lint-ignore no-explicit-any
type Line = any;

async function connect(path: string): Promise<Socket> {
  const socket = createConnection(path);
  await once(socket, "connect");
  return socket;
}

/** Sockets that a process has open: the poll source has pidfds beside them, more or less. */
function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false; // It was closed meanwhile.
  }
}

function rssKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
}

/** Waits until a server has no more descriptors than that. */
async function untilClosed(pid: number, count: number): Promise<void> {
  for (let tries = 0; descriptors(pid) > count && tries < 500; tries++) await delay(10);
  assert.ok(descriptors(pid) <= count, `${descriptors(pid)} descriptors instead of ${count}`);
}

/** Requests that are refused, and what with; several in a line are one each. */
const BAD: readonly (readonly [string, string])[] = [
  ["", "EBADMSG"],
  ["hello", "EBADMSG"],
  ["{", "EBADMSG"],
  ["[]", "EBADMSG"],
  ["null", "EBADMSG"],
  ["\0\x1b[31m\xff\xfe", "EBADMSG"],
  ['{"op":"dance"}', "ENOTTY"],
  ['{"op":7}', "ENOTTY"],
  ['{"op":"__proto__","pid":1}', "ENOTTY"],
  ['{"op":"constructor"}', "ENOTTY"],
  ['{"op":"hello","id":{}}', "EFAULT"],
  ['{"op":"hello","protocol":"1"}', "EFAULT"],
  ['{"op":"hello","protocol":2}', "EPROTO"],
  ['{"op":"register","sig":"SIGKILL"}', "EINVAL"],
  ['{"op":"register","sig":40,"pid":-1}', "EFAULT"],
  ['{"op":"register","sig":40,"pid":4194304}', "ESRCH"],
  ['{"op":"register","sig":40,"scope":[]}', "EFAULT"],
  ['{"op":"unregister","pid":1e99}', "EFAULT"],
  ['{"op":"subscribe","filter":{"match":"("}}', "EFAULT"],
  ['{"op":"subscribe","filter":{"pid":0}}', "EFAULT"],
  ['{"op":"subscribe","from":"the day before"}', "EFAULT"],
  ['{"op":"subscribe","heartbeat":1e9}', "EFAULT"],
  ['{"op":"tree","target":"4194304"}', "ESRCH"],
  ['{"op":"tree","target":{}}', "EFAULT"],
  ['{"op":"why"}', "EFAULT"],
  ['{"op":"listeners","all":true}', "EFAULT"],
];

/** Reads lines of a socket. */
function lines(socket: Socket): Line[] {
  const found: Line[] = [];
  let rest = "";
  socket.on("data", (chunk) => {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop()!;
    for (const part of parts) found.push(JSON.parse(part));
  });
  return found;
}

test("100 000 bad requests: each has its error, nothing crashes, nothing leaks", async () => {
  using folder = new ServerFolder();
  await using server = await folder.serve(["--source", "poll"]);
  const before = descriptors(server.pid);
  const next = random(11);
  // Questions about trees read all of /proc: few of them are enough.
  const cheap = BAD.filter(([line]) => !line.includes("tree"));
  const send = async (count: number): Promise<void> => {
    const socket = await connect(folder.socket);
    const answers = lines(socket);
    const expected: string[] = [];
    let text = "";
    for (let i = 0; i < count; i++) {
      const dear = i % 2000 === 0;
      const [line, error] = (dear ? BAD : cheap)[Math.floor(next() * (dear ? BAD : cheap).length)]!;
      const tooLong = next() < 0.0005;
      text += tooLong ? `{"op":"${"x".repeat(70_000)}"}\n` : `${line}\n`;
      expected.push(tooLong ? "EMSGSIZE" : error);
      if (text.length < 60_000) continue;
      if (!socket.write(text, "latin1")) await once(socket, "drain");
      text = "";
    }
    socket.write(text, "latin1");
    for (let tries = 0; answers.length < count && tries < 3000; tries++) await delay(10);
    assert.deepEqual(answers.map(({ error }) => error), expected);
    assert.ok(
      answers.every(({ ok, errno, message }) => ok === false && errno > 0 && message.length > 10),
    );
    socket.destroy();
  };
  await Promise.all([send(2000), send(2000)]);
  const warm = rssKib(server.pid);
  await Promise.all([send(25_000), send(25_000), send(25_000), send(21_000)]);
  assert.equal((await ask(folder.socket, "hello")).protocol, 1);
  await untilClosed(server.pid, before);
  const grown = rssKib(server.pid) - warm;
  assert.ok(grown < 50_000, `memory grew by ${grown} KiB`);
  assert.equal((await server.end("SIGTERM")).status, 0);
  assert.equal(server.stderr.includes("cannot answer"), false, server.stderr);
});

test(
  ...unless(programsMissing, "clients that die at random harm nobody: who stays is told all"),
  async () => {
    using folder = new ServerFolder();
    await using server = await folder.serve();
    const before = descriptors(server.pid);
    const load = Running.start([program("forks")!, "-g", "-w", "500", "4000"]);
    await using _load = load;
    await load.wrote("ready");
    const stays = await Subscription.open(folder.socket, { filter: { pid: load.pid } });
    load.tell("go");
    const next = random(5);
    const script = `const s = require("net").connect(process.argv[1]);
    s.write('{"op":"subscribe"}\\n{"op":"register","sig":64}\\n'); s.resume();`;
    const victims = Array.from({ length: 6 }, () => {
      return spawn("node", ["-e", script, folder.socket], { stdio: "ignore" });
    });
    const requests = ['{"op":"subscribe"}\n', '{"op":"tr', '{"op":"hello"}\n'.repeat(50), "\n", ""];
    for (let round = 0; round < 300; round++) {
      const socket = await connect(folder.socket);
      socket.on("error", () => {});
      socket.write(requests[Math.floor(next() * requests.length)]!);
      if (next() < 0.5) await delay(next() * 5);
      if (next() < 0.3) socket.resetAndDestroy();
      else socket.destroy();
      if (round % 50 === 49) victims.pop()?.kill("SIGKILL");
    }
    const outcome = await load.end();
    const truth = outcome.stdout.split("\n").filter((line) => /^\d+ \d+$/.test(line));
    assert.equal(truth.length, 4000);
    const forks = (events: readonly Line[]) => events.filter(({ event }) => event === "fork");
    await stays.until("4000 forks", (events) => forks(events).length >= 4000);
    assert.deepEqual(forks(stays.events).map(({ ppid, pid }) => `${ppid} ${pid}`), truth);
    assert.deepEqual(stays.events.filter(({ event }) => event === "gap"), []);
    await stays.close();
    await untilClosed(server.pid, before);
    // The main thread hears of it a moment later.
    let left = await ask(folder.socket, "listeners");
    for (let tries = 0; left.subscribers.length > 0 && tries < 200; tries++) {
      await delay(10);
      left = await ask(folder.socket, "listeners");
    }
    assert.deepEqual([left.listeners, left.subscribers], [[], []]);
  },
);

test("a second server does not take the socket of the first, and says where to look", async () => {
  using folder = new ServerFolder();
  await using first = await folder.serve(["--source", "poll"]);
  const second = runFh(["serve", "--source", "poll", "--socket", folder.socket]);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /^fh: .*somebody listens there.*\n$/);
  assert.equal((await ask(folder.socket, "hello")).pid, first.pid);
  await first.end("SIGTERM");
  assert.throws(() => statSync(folder.socket), { code: "ENOENT" });
});

test("the socket of a server that was killed is taken over", async () => {
  using folder = new ServerFolder();
  const first = await folder.serve(["--source", "poll"]);
  await first.end("SIGKILL");
  assert.ok(statSync(folder.socket).isSocket());
  await first[Symbol.asyncDispose]();
  await using second = await folder.serve(["--source", "poll"]);
  assert.equal((await ask(folder.socket, "hello")).pid, second.pid);
  assert.equal(statSync(folder.socket).mode & 0o777, 0o600);
});

/** Listens on descriptor 3, as a service manager does it, and becomes `fh serve`. */
const MANAGER = `
use Socket; use POSIX ();
$^F = 10;
socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un($ARGV[0])) && listen(S, 5) or die;
POSIX::dup2(fileno(S), 3);
@ENV{"LISTEN_PID", "LISTEN_FDS"} = ($$, 1);
exec $ARGV[1], "serve", "--source", "poll";`;

const perlMissing = runProgram("perl", ["-e", "use Socket; use POSIX ();"]).status === 0
  ? null
  : "needs perl";

test(
  ...unless(perlMissing, "a socket that a service manager hands over is served, and left"),
  async () => {
    using folder = new ServerFolder();
    await using server = Running.start(["perl", "-e", MANAGER, folder.socket, FH]);
    await server.until("server at work", () => server.stderr.includes("listening on"));
    assert.equal((await ask(folder.socket, "hello")).pid, server.pid);
    await server.end("SIGTERM");
    assert.ok(statSync(folder.socket).isSocket());
  },
);

test("LISTEN_FDS of another process are not ours", () => {
  using folder = new ServerFolder();
  const env = {
    PATH: process.env["PATH"]!,
    LISTEN_PID: "1",
    LISTEN_FDS: "1",
    FH_SOCKET: `${folder.path}/missing/deep/fh.sock`,
  };
  const { status, stderr } = runFh(["serve", "--source", "poll"], { env });
  assert.equal(status, 1);
  assert.match(stderr, /missing\/deep/);
});

test("bad places to listen are told in one line, and nothing is touched", () => {
  using folder = new ServerFolder();
  const long = `${folder.path}/${"x".repeat(120)}`;
  const rows: [string[], RegExp, number][] = [
    [["--socket", long], /longer than/, 1],
    [["--socket", folder.path], /no socket|not a socket|is a/i, 1],
    [["--socket", folder.socket, "--socket-group", "no-such-group"], /Unknown group/, 2],
  ];
  for (const [args, message, status] of rows) {
    const outcome = runFh(["serve", "--source", "poll", ...args]);
    assert.equal(outcome.status, status, outcome.stderr);
    assert.match(outcome.stderr, message);
    assert.equal(outcome.stderr.split("\n").length, 2, outcome.stderr);
  }
  assert.ok(statSync(folder.path).isDirectory());
});

/** A network namespace of its own has no proc connector: what an old kernel does to a user. */
const unsharedMissing = programsMissing ?? connectorMissing ??
  (runProgram("unshare", ["--net", "true"]).status === 0 ? null : "needs unshare(1)");

test(
  ...unless(unsharedMissing, "fh watch has its events from a server where it must"),
  async () => {
    using folder = new ServerFolder();
    await using server = await folder.serve();
    const env = { PATH: process.env["PATH"]!, FH_SOCKET: folder.socket };
    const script = "for i in 1 2 3; do sleep 0.1; done; exit 4";
    const args = ["--net", FH, "watch", "-v", "--json", "--", "sh", "-c", script];
    const { stdout, stderr, status } = runProgram("unshare", args, { env });
    assert.equal(status, 4);
    assert.match(stderr, /^fh: source connector: through the socket /);
    assert.ok(stderr.includes(`(pid ${server.pid})`), stderr);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const runs = events.filter(({ event, comm }) => event === "exit" && comm === "sleep");
    assert.equal(runs.length, 3);
    assert.ok(runs.every(({ exit_code: code, duration_ns: ns }) => code === 0 && ns > 0));
  },
);

/** What `fh watch --json` shows of three programs with a mark, but for who they are and when. */
async function watchMarked(
  args: readonly string[],
  prefix: readonly string[],
  socket: string,
): Promise<Line[]> {
  const env = { PATH: process.env["PATH"]!, FH_SOCKET: socket };
  await using watching = Running.start([...prefix, FH, "watch", "--json", ...args], { env });
  await watching.wrote("\n");
  const script = "for i in 1 2 3; do (exec -a marked sleep 0.$i); done";
  assert.equal(runProgram("bash", ["-c", script]).status, 0);
  const ended = () => watching.events.filter(({ event }) => event === "exit").length === 3;
  await watching.until("three ends", ended);
  assert.equal((await watching.end("SIGTERM")).status, 0);
  return watching.events.slice(1).map((line: Line) => {
    const { event, argv, exe, user, unit, cwd, exit_code: code } = line;
    return { event, argv, exe, user, unit, cwd, code };
  });
}

test(...unless(unsharedMissing, "fh watch --json shows the same through a socket"), async () => {
  using folder = new ServerFolder();
  await using _server = await folder.serve();
  for (
    const args of [
      ["-e", "exec,exit", "-c", "slee?", "-u", "0", "-m", "(?<!x)mark.d"],
      ["--min-duration", "50ms", "-c", "sleep", "-m", "marked"],
    ]
  ) {
    const own = await watchMarked(args, [], `${folder.path}/none`);
    assert.ok(own.length >= 3);
    assert.deepEqual(await watchMarked(args, ["unshare", "--net"], folder.socket), own);
  }
});
