import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { EVENT_NAMES } from "../../../src/ask/text/values.ts";
import type { Context } from "../../../src/cli/command.ts";
import { watchCommand } from "../../../src/cmd/watch/command.ts";
import {
  type CaptureOptions,
  SourceRefused,
  type StartCapture,
} from "../../../src/source/capture.ts";
import { replay } from "../../../src/source/recording.ts";
import { jsonText } from "../../../src/text/json_text.ts";
import { atEnd } from "../../support/at_end.ts";
import { type FakeContext, fakeContext } from "../../support/fake_output.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";
import { type FakeAnswer, type FakeClient, FakeServer, hello } from "../../support/fake_server.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 0 };
const RECORDING = readFileSync(
  new URL("../../fixtures/recordings/shell.ndjson", import.meta.url),
  "utf8",
);
/** With one event of each kind. */
const ALL_KINDS = RECORDING.replace(
  /(?=.*"gap")/,
  [
    '{"kind":"comm","time":41000000,"pid":61,"tid":61,"text":"renamed"}',
    '{"kind":"gid","time":42000000,"pid":61,"tid":61,"a":1,"b":4294967294}',
    '{"kind":"sid","time":43000000,"pid":61,"tid":61}',
    '{"kind":"ptrace","time":43000000,"pid":61,"tid":62,"a":50}',
    '{"kind":"exec","time":43500000,"pid":61,"tid":61,"d":7,"flags":1,"text":{"comm":"a",' +
    '"argv":"a\\u0000\\u0000\\u00c3\\u00a9\\u0000","exe":"/x","cwd":"/tmp",' +
    '"cgroup":"0::/s/a.service\\n"}}',
    '{"kind":"coredump","time":44000000,"pid":61,"tid":61}\n',
  ].join("\n"),
);
const BOOT = "7c0a51fe";
const OPTIONS = { source: "auto", color: "auto", realtime: true } as const;

/** A host with the boot id of the recording. */
const procfs = fakeProcfs([], {
  "sys/kernel/random/boot_id": `${BOOT}-0000-0000-0000-000000000000\n`,
});
atEnd(() => procfs.remove());

/** What a server would tell of the recording, and `fh watch --json` with all events. */
async function linesOf(recording: string): Promise<Record<string, unknown>[]> {
  const context = fakeContext({ capture: replay(recording, EPOCH), procRoot: procfs.root });
  const options = { ...OPTIONS, json: true, snapshot: true, event: EVENT_NAMES };
  await watchCommand.run(context, [], options);
  return context.stdout.lines.slice(1).map((line, n) => ({ ...JSON.parse(line), seq: n }));
}

/** A capture that has no connector, and otherwise plays a recording; which were asked for. */
function noConnector(): { capture: StartCapture; asked: CaptureOptions["source"][] } {
  const asked: CaptureOptions["source"][] = [];
  const play = replay(RECORDING, EPOCH);
  const capture: StartCapture = (options, handlers) => {
    asked.push(options.source);
    if (options.source !== "connector") return play(options, handlers);
    return Promise.reject(new SourceRefused("this user may not", "run as root"));
  };
  return { capture, asked };
}

/** How a server is otherwise than usual. */
interface Otherwise {
  readonly hello?: Record<string, unknown>;
  /** It goes when it has told its events. */
  readonly ends?: boolean;
  /** Answers a subscription that it does not take. */
  readonly refused?: (filter: Record<string, unknown>) => FakeAnswer | undefined;
}

/** A server with those events, of which it tells the kinds and the snapshot that are asked for. */
function serve(
  events: readonly Record<string, unknown>[],
  parts: Otherwise = {},
): Promise<FakeServer> {
  return FakeServer.start(({ op, filter, snapshot }, client) => {
    if (op === "hello") return hello({ boot: BOOT, ...parts.hello });
    const { event = ["fork", "exec", "exit"] } = filter as { event?: string[] };
    const refused = parts.refused?.(filter as Record<string, unknown>);
    if (refused !== undefined) return refused;
    const kinds = ["gap", "heartbeat", ...event, ...snapshot ? ["snapshot"] : []];
    const told = events.filter((one) => kinds.includes(String(one["event"])));
    queueMicrotask(() => {
      client.send({ event: "source", time: "", source: "connector", why: "", seq: 0 }, ...told);
      if (parts.ends) client.socket.end();
    });
    return { seq: 0 };
  });
}

/** What a server was asked for, by each connection. */
function subscriptions(server: FakeServer): unknown[] {
  return server.clients.flatMap(({ requests }) => requests).filter(({ op }) => op === "subscribe")
    .map(({ id: _id, op: _op, heartbeat: _heartbeat, ...wish }) => wish);
}

function contextFor(server: FakeServer | null, parts: Partial<Context> = {}): FakeContext {
  // A server of this host must not be asked.
  const env = { FH_SOCKET: server?.path ?? `${procfs.root}/none` };
  return fakeContext({ env, procRoot: procfs.root, epoch: EPOCH, ...parts });
}

/** Runs `fh watch` on a server; it ends after `count` events. */
async function watch(
  server: FakeServer,
  options: Record<string, unknown>,
  parts: Partial<Context> = {},
) {
  const { capture, asked } = noConnector();
  const context = contextFor(server, { capture, ...parts });
  const status = await watchCommand.run(context, [], { ...OPTIONS, ...options });
  return { status, asked, context, lines: context.stdout.lines };
}

/** Events as they are told by a server, without their numbers. */
function withoutSeq(events: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return events.map(({ seq: _seq, source: _source, ...event }) => event);
}

function parsed(lines: readonly string[]): Record<string, unknown>[] {
  return withoutSeq(lines.slice(1).map((line) => JSON.parse(line)));
}

test("fh watch through a socket shows what the server tells, field by field", async () => {
  const events = await linesOf(ALL_KINDS);
  const kinds = new Set(events.map(({ event }) => event));
  assert.deepEqual([...kinds].sort(), ["snapshot", "gap", ...EVENT_NAMES].sort());
  await using server = await serve(events);
  const options = { json: true, snapshot: true, event: EVENT_NAMES, count: events.length };
  const { lines, asked, status } = await watch(server, options);
  assert.deepEqual(parsed(lines), withoutSeq(events));
  assert.deepEqual([status, asked], [0, ["connector"]]);
  assert.deepEqual(server.clients[0]!.requests.map(({ id: _id, ...request }) => request), [
    { op: "hello", protocol: 1 },
    { op: "subscribe", filter: { event: EVENT_NAMES }, snapshot: true, heartbeat: 1 },
  ]);
  await server.clients[0]!.gone;
});

test("fh watch says through which socket, and why", async () => {
  const events = await linesOf(RECORDING);
  for (
    const [parts, what, more] of [
      [{}, "fh record", ""],
      [
        { history: false, privileged: false },
        "fh serve",
        "; it tells of your own processes only, --source poll of all",
      ],
    ] as const
  ) {
    await using server = await serve(events, { hello: parts });
    const { context, lines } = await watch(server, { count: 1, verbose: more === "" });
    const why = `through the socket ${server.path} of ${what} (pid 811), since this user may not`;
    assert.deepEqual(context.stderr.lines, [`fh: source connector: ${why}${more}`]);
    assert.match(lines[0]!, / fork +60 +50 /);
  }
});

test("--json hands on the lines of a server, byte by byte", async () => {
  const context = fakeContext({ capture: replay(ALL_KINDS, EPOCH), procRoot: procfs.root });
  const options = { ...OPTIONS, json: true, snapshot: true, event: EVENT_NAMES };
  await watchCommand.run(context, [], options);
  const [, ...expected] = context.stdout.lines;
  // Not in the order of a server, which tells what runs in the order in which it has found it.
  const events = await linesOf(ALL_KINDS);
  const signals = { event: "gap", time: events.at(-1)!["time"], reason: "signal queue full" };
  await using server = await serve([...events.slice(0, 3), signals, ...events.slice(3)]);
  const { lines } = await watch(server, { ...options, count: events.length });
  assert.deepEqual(lines.slice(1), expected);
});

test("--json has the filter at the server", async () => {
  const events = await linesOf(RECORDING);
  await using server = await serve(events);
  const glob = (text: string) => Object.assign(() => false, { glob: text });
  for (
    const [options, filter] of [
      [{}, {}],
      [{ event: ["fork", "uid"] }, { event: ["fork", "uid"] }],
      [{ failed: true, minDuration: 20e6 }, { failed: true, min_duration: "20000000ns" }],
      [{ pid: ["61", "7"], user: ["0"] }, { pid: [61, 7], user: [0] }],
      [{ comm: [glob("a*")], cgroup: [glob("/s/*")] }, { comm: ["a*"], cgroup: ["/s/*"] }],
      [{ match: [/x/] }, {}],
    ] as const
  ) {
    await watch(server, { json: true, ...options, count: 1 });
    assert.deepEqual(subscriptions(server).at(-1), { filter, snapshot: false });
  }
});

test("--json looks itself for --match: a server has another syntax", async () => {
  const [snapshot, fork, ...others] = await linesOf(RECORDING);
  const lines = [
    { ...fork!, argv: ["ab", "c"] },
    { ...fork!, argv: [], comm: "b c" },
    { ...fork!, argv: null, comm: null },
    { ...fork!, argv: ["b", "c"] },
  ];
  await using server = await serve([snapshot!, ...lines, ...others]);
  const match = [/(?<!a)b c$/, /^nothing$/];
  const watched = await watch(server, { json: true, match, count: 3 });
  const shown = parsed(watched.lines);
  assert.deepEqual(shown.slice(0, 2), withoutSeq([lines[1]!, lines[3]!]));
  assert.equal(shown[2]!["event"], "gap", "what is missing is told in any case");
});

test("--json tells what runs oldest first, when all of it has come", async () => {
  const [snapshot, ...others] = await linesOf(RECORDING);
  const younger = { ...snapshot!, id: `${BOOT}-70-5`, pid: 70 };
  const oldest = { ...snapshot!, id: `${BOOT}-~80-0`, pid: 80 };
  await using server = await serve([younger, snapshot!, oldest, ...others]);
  const { lines } = await watch(server, { json: true, snapshot: true, count: 4 });
  assert.deepEqual(parsed(lines).map(({ event, pid }) => [event, pid]), [
    ...[["snapshot", 80], ["snapshot", 50], ["snapshot", 70]],
    ["fork", 60],
  ]);
});

test("--json hides what a server has not hidden", async () => {
  const [, fork] = await linesOf(RECORDING);
  const secret = { ...fork!, argv: ["mysql", "--password=geheim", "é\u202e", "own 12"] };
  await using server = await serve([secret, fork!]);
  const { lines } = await watch(server, { json: true, redact: [/own (\d+)/], count: 2 });
  const argv = ["mysql", "--password=***", "é\u202e", "own ***"];
  const { seq: _seq, ...shown }: Record<string, unknown> = { ...secret, argv };
  assert.equal(lines[1], jsonText(shown));
  assert.deepEqual(parsed(lines)[1], withoutSeq([fork!])[0]);
});

test("--json filters here what a server does not take", async () => {
  const events = await linesOf(RECORDING);
  const refused = ({ comm }: Record<string, unknown>) =>
    comm === undefined ? undefined : { ok: false, error: "EFAULT", errno: 14, message: "No" };
  await using server = await serve(events, { refused });
  const comm = [Object.assign((text: string) => text === "false", { glob: "false" })];
  const { lines } = await watch(server, { json: true, comm, count: 2 });
  assert.deepEqual(subscriptions(server), [
    { filter: { comm: ["false"] }, snapshot: false },
    { filter: { event: EVENT_NAMES }, snapshot: true },
  ]);
  assert.deepEqual(parsed(lines).map(({ event, comm }) => [event, comm]), [
    ["exec", "false"],
    ["exit", "false"],
  ]);
});

test("a command's descendants need a machine, with --json too", async () => {
  await using server = await serve(await linesOf(RECORDING));
  const { capture } = noConnector();
  await watchCommand.run(contextFor(server, { capture }), ["true"], { ...OPTIONS, json: true });
  assert.deepEqual(subscriptions(server), [{ filter: { event: EVENT_NAMES }, snapshot: true }]);
});

test("--json takes no more from a server while its own reader is behind", async () => {
  const events = await linesOf(RECORDING);
  await using server = await serve([events[1]!]);
  const { capture } = noConnector();
  const context = contextFor(server, { capture });
  context.stdout.pendingBytes = 5 << 20;
  const running = watchCommand.run(context, [], { ...OPTIONS, json: true, count: 2 });
  while (context.stdout.lines.length < 2) await new Promise((then) => setImmediate(then));
  (await server.client(0)).send(events[2]!);
  await delay(50);
  assert.equal(context.stdout.lines.length, 2);
  context.stdout.drain();
  assert.equal(await running, 0);
  assert.equal(context.stdout.lines.length, 3);
});

test("filters, --tree and --stats work on what comes through a socket", async () => {
  const events = await linesOf(RECORDING);
  await using server = await serve(events);
  const stats = await watch(server, { stats: true, tree: true, count: 6 });
  assert.match(
    stats.lines.join("\n"),
    /: fork 2, exec 1, exit 2\nforks per second .*lost events 7/,
  );
  const failed = await watch(server, { failed: true, minDuration: 20e6, count: 2 });
  assert.match(failed.lines.join("\n"), /^[^\n]* gap [^\n]*\n[^\n]* exit +61 [^\n]*$/);
  const descent = await watch(server, { json: true, stats: true, pid: ["61"], count: 3 });
  assert.deepEqual(parsed(descent.lines).map(({ event }) => event), ["fork", "gap", "exit"]);
});

test("fh watch has its own connector where it may, with a socket and without", async () => {
  await using server = await serve([]);
  const asked: string[] = [];
  const capture: StartCapture = (options, handlers) => {
    asked.push(options.source);
    return replay(RECORDING, EPOCH)(options, handlers);
  };
  for (const context of [contextFor(server, { capture }), contextFor(null, { capture })]) {
    await watchCommand.run(context, [], { ...OPTIONS });
    assert.equal(context.stdout.lines.length, 6);
  }
  const gone = contextFor(null, { capture, env: { FH_SOCKET: `${server.path}.none` } });
  await watchCommand.run(gone, [], { ...OPTIONS });
  assert.deepEqual(asked, ["connector", "auto", "auto"]);
  assert.equal(server.clients.length, 0);
});

test("fh watch asks no server for what none has", async () => {
  await using server = await serve([]);
  for (const options of [{ env: ["HOME"] }, { redact: false }, { source: "poll" }]) {
    const { asked } = await watch(server, options);
    assert.deepEqual(asked, [options.source ?? "auto"]);
  }
  assert.equal(server.clients.length, 0);
});

test("fh watch sees for itself where a socket is of no use, and says with -v why", async () => {
  const cases: [Parameters<typeof serve>[1], string][] = [
    [{ hello: { source: "poll" } }, "its server has the source poll itself"],
    [
      { refused: () => ({ ok: false, error: "EPERM", errno: 1, message: "No\n" }) },
      "No\\n",
    ],
  ];
  for (const [parts, why] of cases) {
    await using server = await serve([], parts);
    const quiet = await watch(server, {});
    assert.deepEqual(quiet.asked, ["connector", "auto"]);
    assert.equal(quiet.context.stderr.text, "");
    const verbose = await watch(server, { verbose: true });
    assert.equal(
      verbose.context.stderr.lines[0],
      `fh: not through the socket ${server.path}: ${why}`,
    );
    for (const { gone } of server.clients) await gone;
  }
});

test("fh watch ends with an error when the server goes", async () => {
  const events = await linesOf(RECORDING);
  await using server = await serve(events, { ends: true });
  const { capture } = noConnector();
  const context = contextFor(server, { capture });
  await assert.rejects(
    watchCommand.run(context, [], { ...OPTIONS, json: true }),
    (error: Error) => {
      const what = `Cannot watch any longer: The server at ${server.path} has gone: `;
      assert.ok(error.message.startsWith(what), error.message);
      return true;
    },
  );
  assert.equal(parsed(context.stdout.lines).length, 6, "what it told is shown");
});

test("fh watch shows a snapshot when nothing happens after it", async () => {
  const [snapshot] = await linesOf(RECORDING);
  assert.equal(snapshot!["event"], "snapshot");
  const beat = { event: "heartbeat", time: snapshot!["time"], seq: 1 };
  await using server = await serve([snapshot!, beat]);
  const { lines } = await watch(server, { json: true, snapshot: true, count: 1 });
  assert.deepEqual(parsed(lines), withoutSeq([snapshot!]));
});

test("fh watch ends when the server has told what was before the end", async () => {
  await using server = await serve([]);
  const { capture } = noConnector();
  const context = contextFor(server, { capture });
  const running = watchCommand.run(context, [], { ...OPTIONS, json: true });
  const client: FakeClient = await server.client(0);
  const events = await linesOf(RECORDING);
  client.send(...events.slice(0, -1));
  while (context.stdout.lines.length < 6) await new Promise((resolve) => setImmediate(resolve));
  context.abort.abort("SIGINT");
  // What was under way is waited for; a heartbeat after the end says that it has come.
  const time = new Date(Date.now() + 1000).toISOString().replace("Z", "000000Z");
  client.send(events.at(-1)!, { event: "heartbeat", time, seq: 99 });
  assert.equal(await running, 0);
  assert.deepEqual(parsed(context.stdout.lines).at(-1)?.["event"], "exit");
});
