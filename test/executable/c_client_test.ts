/** The client in C: it compiles everywhere, survives any answer, and is told of every fork. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { atEnd } from "../support/at_end.ts";
import { CALL, CFolder, COMPILERS, has, MUTATE } from "../support/c_examples.ts";
import { FH, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const [EPERM, ENOENT, ESRCH, EINVAL, ENAMETOOLONG] = [-1, -2, -3, -22, -36];
const [EPROTO, EUSERS, EMSGSIZE, ECONNRESET] = [-71, -87, -90, -104];

const SANITIZED = ["-std=c99", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined"];
const ORDINARY = ["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror"];

const folder = new CFolder();
atEnd(() => folder.remove());

const gccMissing = has("gcc") ? null : "needs gcc: apt-get install gcc libc6-dev";
const call = gccMissing === null ? folder.compile("gcc", { text: CALL }) : "";
const told = gccMissing === null ? folder.compile("gcc", { file: "told.c" }) : "";

for (const cc of COMPILERS) {
  test(...unless(has(cc) ? null : `needs ${cc}`, `${cc} has nothing to say`), () => {
    folder.compile(cc, { file: "told.c" });
    folder.compile(cc, { text: CALL }, ORDINARY);
    assert.throws(() => folder.compile(cc, { text: "int main(void) { char a = 1000; }" }), /char/);
  });
}

let sockets = 0;
const nextSocket = () => folder.path(`socket-${sockets++}`);

/** What the client makes of a server that does `serve` with each connection. */
async function callFake(serve: (client: Socket) => unknown, ...asked: string[]): Promise<string> {
  const path = nextSocket();
  const server = createServer((client) => {
    client.on("error", () => {}); // It may leave before it has read everything.
    void serve(client);
  });
  await new Promise<void>((done) => server.listen(path, done));
  try {
    await using client = Running.start([call, path, ...asked]);
    return (await client.end()).stdout.trimEnd();
  } finally {
    server.close();
  }
}

/** Answers each request with the next of `answers`, in as many pieces as it has bytes. */
function answering(...answers: string[]): (client: Socket) => void {
  return (client) => {
    client.on("data", async () => {
      for (const byte of Buffer.from(`${answers.shift()}\n`)) {
        client.write(Uint8Array.of(byte));
        await setImmediate();
      }
    });
  };
}

test(
  ...unless(gccMissing, "an answer in pieces, with escapes and unknown fields, is understood"),
  async () => {
    const refusal = String
      .raw`{ "deep":{"ok":true,"errno":1,"message":"no"}, "list":["message","ok"],
    "note":"\"errno\":3,\\", "ok" : false, "error":"EUSERS", "errno" : 87,
    "message":"\u00c4 \"b\" \\ \/ € \ud83d\ude00 \n\u001b[31m\u009b\u0000 end" }`;
    const answers = [`{"ok":true,"op":"register","pid":5,"sig":37}`, refusal.replaceAll("\n", " ")];
    const said = await callFake(answering(...answers), "5,37", "5");
    // Nothing that a terminal would obey, and half a pair of surrogates is no character.
    assert.equal(said, '0\n-87 open Ä "b" \\ / € ??   [31m    end');
  },
);

test(...unless(gccMissing, "a request has only what was asked for"), async () => {
  const seen: unknown[] = [];
  await callFake(
    (client) =>
      client.on("data", (bytes) => {
        seen.push(JSON.parse(bytes.toString()));
        client.write('{"ok":true}\n');
      }),
    ...["0,37", "4711,34,1,1", "4711,64,0,2", "4711", "0"],
  );
  assert.deepEqual(seen, [
    { op: "register", sig: 37 },
    { op: "register", pid: 4711, sig: 34, scope: { descendants_of: 1 }, exclusive: true },
    { op: "register", pid: 4711, sig: 64, threads: true },
    { op: "unregister", pid: 4711 },
    { op: "unregister" },
  ]);
});

test(...unless(gccMissing, "what is no answer ends the connection"), async () => {
  const broken: readonly [string, number][] = [
    ["", EPROTO],
    ["HTTP/1.1 400 Bad Request", EPROTO],
    ['{"ok":false,"errno":"', EPROTO],
    ['{"ok":false,"errno":-3}', EPROTO],
    ['{"ok', EPROTO],
    [`{"pad":"${"x".repeat(9000)}","ok":true}`, EMSGSIZE],
  ];
  for (const [line, error] of broken) {
    const said = await callFake((client) => client.write(`${line}\n`), "0,37");
    assert.match(said, new RegExp(`^${error} closed fh: `), line);
  }
  const ends = await callFake((client) => client.end('{"ok":tr'), "0,37");
  assert.match(ends, new RegExp(`^${ECONNRESET} closed fh: `));
  assert.match(runProgram(call, [nextSocket(), "0,37"]).stdout, new RegExp(`^${ENOENT} closed /`));
  const long = runProgram(call, [`/${"x".repeat(108)}`, "0,37"]).stdout;
  assert.match(long, new RegExp(`^${ENAMETOOLONG} closed /x`));
});

test(...unless(gccMissing, "a server that is full says so before it is asked"), async () => {
  const full = '{"ok":false,"error":"EUSERS","errno":87,"message":"Too many connections"}\n';
  const said = await callFake((client) => client.end(full), "0,37");
  assert.match(said, /^-87 (?:open|closed) Too many connections$/);
});

const sanitizerMissing = gccMissing ?? missingSanitizer();

function missingSanitizer(): string | null {
  try {
    folder.compile("gcc", { text: "int main(void) { return 0; }" }, SANITIZED);
    return null;
  } catch {
    return "needs libasan and libubsan of gcc";
  }
}

test(...unless(sanitizerMissing, "20 000 mutated answers do no harm"), () => {
  const program = folder.compile("gcc", { text: MUTATE }, [...SANITIZED, "-fno-sanitize-recover"]);
  const { status, stdout, stderr } = runProgram(program, []);
  assert.deepEqual([status, stderr], [0, ""]);
  const [done = NaN, refused = NaN, broken = NaN] = stdout.split(" ").map(Number);
  assert.equal(done + refused + broken, 20_000);
  assert.ok(refused > 10_000 && broken > 1000, stdout);
});

test(...unless(gccMissing, "a long message is cut off between two characters"), async () => {
  for (const before of ["", "a", "ab"]) {
    const message = `${before}${"€".repeat(400)}`;
    const said = await callFake(
      answering(JSON.stringify({ ok: false, errno: 3, message })),
      "0,37",
    );
    assert.match(said, new RegExp(`^-3 open ${before}€{160,170}$`));
  }
});

const serverMissing = programsMissing ?? gccMissing ?? connectorMissing;
const asNobodyMissing = serverMissing ?? (process.getuid?.() === 0 ? null : "needs root");

/** A server that takes connections at `path`. */
async function serve(path: string, ...args: string[]): Promise<Running> {
  const server = Running.start([FH, "serve", "--socket", path, ...args]);
  await server.until("a socket", () => existsSync(path));
  return server;
}

/** `told`, when it is registered. */
async function listen(path: string, ...args: string[]): Promise<Running> {
  const listener = Running.start([told, ...args], { env: { FH_SOCKET: path } });
  await listener.until("its registration", () => listener.stderr.includes("told: registered"));
  return listener;
}

/** Forks that wait for a line, and the file that has them afterwards. */
async function prepare(...args: string[]): Promise<{ forks: Running; truth: () => string }> {
  const out = folder.path(`truth-${performance.now()}`);
  const forks = Running.start([program("forks")!, "-g", "-o", out, ...args]);
  await forks.wrote("ready");
  return { forks, truth: () => readFileSync(out, "utf8") };
}

/** Lets the forks happen. */
async function go(forks: Running): Promise<void> {
  forks.tell("go");
  assert.equal((await forks.end()).status, 0);
}

/** Waits for as many lines as `truth` has, and gives what was told up to the end. */
async function endOf(listener: Running, truth: string): Promise<string> {
  await listener.until("every fork", () => listener.stdout.length >= truth.length);
  const { status, stdout } = await listener.end("SIGTERM");
  assert.equal(status, 0);
  return stdout;
}

/** The lines of one forker. */
function linesOf(text: string, forker: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(`${forker} `));
}

function errorsOf(...args: string[]): number[] {
  return runProgram(call, args).stdout.trimEnd().split("\n").map((line) => parseInt(line));
}

test(
  ...unless(serverMissing, "told is told of each fork, in their order, and of no other"),
  async () => {
    const path = nextSocket();
    await using _server = await serve(path);
    const { forks, truth } = await prepare("500", "-d", "4");
    await using _forks = forks;
    await using listener = await listen(path, "-p", `${forks.pid}`);
    await using counter = await listen(path, "-q", "-n", "2000", "-p", `${forks.pid}`, "-s", "0");
    await go(forks);
    assert.equal(await endOf(listener, truth()), truth());
    assert.equal((await counter.end()).stdout, "2000\n");
  },
);

test(...unless(serverMissing, "forks of several processes come in the order of each"), async () => {
  const path = nextSocket();
  await using _server = await serve(path);
  const { forks, truth } = await prepare("1000", "-j", "2");
  await using _forks = forks;
  await using listener = await listen(path, "-p", `${forks.pid}`);
  await go(forks);
  const said = await endOf(listener, truth());
  assert.equal(said.length, truth().length);
  const forkers = new Set(truth().trim().split("\n").map((line) => line.split(" ")[0]!));
  assert.equal(forkers.size, 3);
  for (const forker of forkers) assert.deepEqual(linesOf(said, forker), linesOf(truth(), forker));
});

test(
  ...unless(serverMissing, "threads are told to who asks for them, by their process"),
  async () => {
    const path = nextSocket();
    await using _server = await serve(path);
    const { forks, truth } = await prepare("-T", "200");
    await using _forks = forks;
    await using other = await listen(path, "-p", `${forks.pid}`);
    await using listener = await listen(path, "-t", "-p", `${forks.pid}`);
    await go(forks);
    assert.equal(await endOf(listener, truth()), truth());
    assert.equal((await other.end("SIGTERM")).stdout, "");
  },
);

test(...unless(serverMissing, "one that is exclusive keeps others out until it ends"), async () => {
  const path = nextSocket();
  await using _server = await serve(path);
  const others = () =>
    [["-x"], []].map((args) => {
      const { status, stderr } = runProgram("timeout", ["2", told, ...args], {
        env: { FH_SOCKET: path, PATH: process.env["PATH"] ?? "" },
      });
      return { status, stderr };
    });
  await using alone = await listen(path, "-x");
  for (const { status, stderr } of others()) {
    assert.equal(status, 1);
    assert.match(stderr, /^told: .+\n$/);
  }
  assert.deepEqual(errorsOf(path, `${process.pid},37,0,1`), [EUSERS]);
  assert.equal((await alone.end("SIGTERM")).status, 0);
  await using next = await listen(path);
  assert.equal((await next.end("SIGINT")).status, 0);
});

test(...unless(serverMissing, "what the driver did not look at is refused"), async () => {
  const path = nextSocket();
  await using _server = await serve(path);
  await using brief = Running.start(["true"]);
  await brief.end();
  await using lives = Running.start([program("sigwait")!]);
  await lives.wrote("ready");
  const asked = [`${brief.pid},37`, `${lives.pid},10`, `${lives.pid}`];
  assert.deepEqual(errorsOf(path, ...asked), [ESRCH, EINVAL, 0]);
});

test(
  ...unless(serverMissing, "what a full queue has no room for waits, and comes in order"),
  async () => {
    const path = nextSocket();
    await using _server = await serve(path);
    // It takes nothing until it is told to, and the kernel keeps no more than 100 signals for it.
    await using waits = Running.start([program("sigwait")!, "-l", "100"]);
    await waits.wrote("ready");
    const { forks, truth } = await prepare("3000");
    await using _forks = forks;
    await using other = await listen(path, "-p", `${forks.pid}`);
    assert.deepEqual(errorsOf(path, `${waits.pid},50,${forks.pid}`), [0]);
    await go(forks);
    assert.equal(await endOf(other, truth()), truth());
    waits.tell("go");
    await waits.until("3000 forks", () => waits.stdout.split("\n").length > 3001);
    waits.tell("quit");
    const received = (await waits.end()).stdout.split("\n").slice(1);
    const expected = truth().trimEnd().split("\n").map((line) => `50 -4 0 ${line}`);
    assert.deepEqual(received, [...expected, "count 3000", ""]);
  },
);

test(...unless(serverMissing, "who is unregistered is not told any more"), async () => {
  const path = nextSocket();
  await using _server = await serve(path);
  await using waits = Running.start([program("sigwait")!]);
  await waits.wrote("ready");
  await using other = await listen(path, "-p", `${process.pid}`);
  const rounds = [await prepare("10"), await prepare("10"), await prepare("10")];
  const pids = rounds.map(({ forks }) => forks.pid);
  const about = (pid: number) => [...waits.stdout.matchAll(new RegExp(`^\\S+ -4 0 ${pid} `, "gm"))];
  try {
    waits.tell("go");
    assert.deepEqual(errorsOf(path, `${waits.pid},34,${process.pid}`), [0]);
    await go(rounds[0]!.forks);
    await waits.until("ten forks", () => about(pids[0]!).length === 10);
    assert.deepEqual(errorsOf(path, `${waits.pid}`, `${waits.pid}`), [0, 0]);
    await go(rounds[1]!.forks);
    // The server has seen them when it has told somebody else.
    await other.until("ten others", () => other.stdout.includes(rounds[1]!.truth()));
    assert.deepEqual(errorsOf(path, `${waits.pid},35,${process.pid}`), [0]);
    await go(rounds[2]!.forks);
    await waits.until("ten more", () => about(pids[2]!).length === 10);
    assert.equal(about(pids[1]!).length, 0);
    assert.ok(about(pids[0]!).every(([line]) => line.startsWith("34 ")));
    assert.ok(about(pids[2]!).every(([line]) => line.startsWith("35 ")));
  } finally {
    for (const { forks } of rounds) await forks[Symbol.asyncDispose]();
  }
});

test(...unless(serverMissing, "told registers again with the next server"), async () => {
  const path = nextSocket();
  const before = await prepare("50");
  await using _before = before.forks;
  const later = await prepare("50");
  await using _later = later.forks;
  await using first = await serve(path);
  await using listener = await listen(path, "-p", `${process.pid}`);
  await go(before.forks);
  const heard = (truth: string) => listener.stdout.includes(truth);
  await listener.until("the first forks", () => heard(before.truth()));
  assert.equal((await first.end("SIGTERM")).status, 0);
  await listener.until("the end", () => listener.stderr.includes("told: the server has ended"));
  await using _second = await serve(path);
  await listener.until("the next", () => listener.stderr.includes("told: registered again"));
  await go(later.forks);
  await listener.until("the later forks", () => heard(later.truth()));
  assert.equal((await listener.end("SIGTERM")).status, 0);
});

test(
  ...unless(asNobodyMissing, "a stranger may not be exclusive, nor have others told"),
  async () => {
    const path = nextSocket();
    await using _server = await serve(path, "--socket-group", "65534");
    const { stdout } = runProgram(AS_NOBODY[0]!, [
      ...AS_NOBODY.slice(1),
      call,
      path,
      "0,37,0,1",
      "1,37",
    ]);
    assert.deepEqual(stdout.trimEnd().split("\n").map((line) => parseInt(line)), [EPERM, EPERM]);
  },
);
