/** What the page reckons: addresses, streams, trees, samples and words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../src/commands.ts";
import { parseLine } from "../../src/cli/parse.ts";
import type { EventFields, WhyFields } from "../../src/web/page/answers.ts";
import { KEPT_MAX, NowModel, SAMPLE_MAX } from "../../src/web/page/now_model.ts";
import { pastSpans } from "../../src/web/page/past_spans.ts";
import {
  commandOf,
  commandText,
  filterOf,
  NOWHERE,
  parseRoute,
  type Places,
  type Route,
  routeText,
  type View,
  VIEWS,
  whyText,
} from "../../src/web/page/routes.ts";
import { SentReader } from "../../src/web/page/sse.ts";
import { lanesOf, momentOf, stretchesOf, topOf } from "../../src/web/page/stretches.ts";
import { keyText } from "../../src/web/page/sums.ts";
import { DEAD_MAX, TreeModel } from "../../src/web/page/tree_model.ts";
import { whySentence } from "../../src/web/page/why_words.ts";
import { commandLine } from "../../src/web/page/words.ts";

function event(parts: Partial<EventFields>): EventFields {
  return {
    event: "exec",
    time: "2026-11-30T10:00:00.000000000Z",
    seq: 1,
    id: "b-1-1",
    pid: 1,
    ppid: 0,
    parent: null,
    uid: 0,
    user: "root",
    comm: "sh",
    argv: ["sh"],
    exe: "/bin/sh",
    cwd: "/",
    unit: null,
    container: null,
    exit_code: null,
    signal: null,
    duration_ns: null,
    ...parts,
  };
}

test("an address and its view are the same, whatever stands in it", () => {
  const params = { comm: "a&b=c#d?é", match: "\u2028</script>", empty: "" };
  const { empty: _empty, ...kept } = params;
  for (const view of VIEWS) {
    assert.deepEqual(parseRoute(routeText({ view, params })), { view, params: kept });
  }
  for (const text of ["", "#", "#/nothing", "#token=x", "#/%", "#/now/../jobs"]) {
    assert.equal(parseRoute(text).view, "now", text);
  }
});

/** Whose commands ask the history, whoever records. */
function isPast(view: View): boolean {
  return view !== "now" && view !== "jobs" && view !== "host";
}

test("each view says a command line that fh takes", () => {
  const params = {
    comm: "gcc*",
    match: "a|b",
    user: "root",
    pid: "4711",
    min: "1s",
    failed: "1",
    since: "10m ago",
    until: "5m ago",
    by: "unit",
    job: "build",
    event: "exec,exit",
  };
  const asked: readonly Places[] = [
    NOWHERE,
    { live: true, db: "/srv/a.db", socket: "/run/s" },
    { live: false, db: "/srv/a.db", socket: null },
    { live: false, db: null, socket: null, fleet: "postgres:///fleet" },
    { live: false, db: null, socket: null, fleet: "", host: "web1" },
  ];
  for (const view of VIEWS) {
    for (const some of [{}, params]) {
      for (const places of asked) {
        const [program, ...argv] = commandOf({ view, params: some }, places);
        assert.equal(program, "fh");
        const read = parseLine({ name: "fh", summary: "", actions: COMMANDS }, argv);
        assert.equal(read.kind, "call", argv.join(" "));
        const hasFile = !places.live || (places.db !== null && isPast(view));
        assert.equal(argv.includes("--db"), places.fleet === undefined && hasFile);
        const isOfHosts = places.fleet !== undefined && view !== "host";
        assert.equal(argv.includes("--host"), isOfHosts);
      }
    }
  }
  assert.deepEqual(filterOf({ view: "now", params }), {
    pid: ["4711"],
    user: "root",
    comm: "gcc*",
    match: "a|b",
    min_duration: "1s",
    failed: true,
    event: ["exec", "exit"],
  });
});

test("a command line asks where the page asks", () => {
  const elsewhere = { live: true, db: "/srv/a b.db", socket: "/run/my fh.sock" };
  const now: Route = { view: "now", params: { comm: "x" } };
  assert.equal(commandText(now, NOWHERE), "fh watch -c x");
  assert.equal(commandText(now, elsewhere), "env 'FH_SOCKET=/run/my fh.sock' fh watch -c x");
  assert.equal(
    commandText(now, { live: false, db: "/a.db", socket: null }),
    "fh watch --source replay -c x --db /a.db",
  );
  const fleet = { live: false, db: null, socket: null, fleet: "postgres:///f", host: "web1" };
  assert.equal(
    commandText({ view: "accounts", params: {} }, fleet),
    "fh account --by command --since '1h ago' --fleet postgres:///f --host web1",
  );
  assert.equal(whyText("b-1-1", { ...fleet, fleet: "" }), "fh why b-1-1 --host web1");
  assert.equal(
    whyText("b-1-1", elsewhere),
    "env 'FH_SOCKET=/run/my fh.sock' fh why b-1-1 --db '/srv/a b.db'",
  );
});

test("events are read whole out of any pieces", () => {
  const text =
    'event: answer\ndata: {"a":1}\n\nid: 7\ndata: {"b":"x"}\n\nevent: gone\ndata: {}\n\n';
  const expected = [
    { event: "answer", data: '{"a":1}' },
    { event: "message", data: '{"b":"x"}' },
    { event: "gone", data: "{}" },
  ];
  for (let size = 1; size <= text.length; size++) {
    const reader = new SentReader();
    const found = [];
    for (let at = 0; at < text.length; at += size) {
      found.push(...reader.push(text.slice(at, at + size)));
    }
    assert.deepEqual(found, expected, `${size}`);
  }
});

test("a tree is the same in whatever order it is told, and forgets the oldest dead", () => {
  const parent = event({ event: "snapshot", id: "b-1-1", pid: 1 });
  const child = event({ event: "snapshot", id: "b-2-2", pid: 2, parent: "b-1-1", comm: "make" });
  for (const order of [[parent, child], [child, parent]]) {
    const tree = new TreeModel();
    for (const one of order) tree.add(one);
    const rows = tree.rows(new Set(), "").map(({ node, depth }) => [node.pid, depth]);
    assert.deepEqual(rows, [[1, 0], [2, 1]]);
    assert.deepEqual(tree.rows(new Set(["b-1-1"]), "").map(({ node }) => node.pid), [1]);
    // Who searches finds what is folded away, below what it belongs to.
    assert.deepEqual(tree.rows(new Set(["b-1-1"]), "make").length, 2);
  }
  const tree = new TreeModel();
  tree.add(parent);
  for (let pid = 10; pid < 10 + DEAD_MAX + 5; pid++) {
    const of = { id: `b-${pid}-1`, pid, parent: "b-1-1" };
    tree.add(event({ ...of, event: "fork" }));
    tree.add(event({ ...of, event: "exit", exit_code: 0 }));
  }
  assert.equal(tree.living, 1);
  assert.equal(tree.rows(new Set(), "").length, 1 + DEAD_MAX);
  assert.equal(tree.find("b-10-1"), null);
  assert.equal(tree.find(`b-${10 + DEAD_MAX}-1`)?.end?.exit_code, 0);
});

test("of a flood a sample is kept, all is counted, and no gap is left out", () => {
  const now = new NowModel();
  for (let i = 0; i < 20_000; i++) now.add(event({ seq: i }), 1000 + i / 20);
  now.add(event({ event: "gap", lost: 3 }), 1999.9);
  assert.equal(now.told, 20_001);
  assert.equal(now.kept.length, 4 * SAMPLE_MAX + 1);
  assert.equal(now.skipped, 20_000 - 4 * SAMPLE_MAX);
  assert.equal(now.lost, 3);
  assert.deepEqual(now.rate(2100), { all: 20_001, started: 20_000, failed: 0 });
  now.add(event({ event: "gap", lost: null }), 2000);
  assert.equal(now.lost, null);
  for (let i = 0; i < 5000; i++) now.add(event({ seq: i }), 3000 + i * 300);
  assert.ok(now.kept.length <= 2 * KEPT_MAX);
  assert.equal(now.history(3000 + 5000 * 300).length, 60);
});

test("the answer to why is a sentence", () => {
  const link = {
    ...event({ id: "b-9-9", pid: 9, comm: "sleep", argv: ["sleep", "9"], exe: "/bin/sleep" }),
    state: "exited",
    started: "2026-11-30T10:00:00Z",
    ended: "2026-11-30T10:00:09Z",
    exit_code: 2,
    duration_ns: 9e9,
    notes: [],
  };
  const shell = { ...link, id: "b-8-8", pid: 8, comm: "sh", exe: "/bin/sh" };
  const make = { ...link, id: "b-7-7", pid: 7, comm: "make", exe: "/bin/make", state: "running" };
  const why: WhyFields = {
    chain: [link, { ...shell, notes: ["a shell in between"] }, make],
    origin: { kind: "cron", words: "a cron job\x1b" },
    cost: null,
    came: { times: 3, failed: 3, since: "2026-11-30T09:00:00Z", every_ns: 60e9 },
    notes: [],
  };
  const words = whySentence(why, Date.parse("2026-11-30T11:00:00Z"));
  assert.match(
    words,
    /^sleep \(9\) of root, started by make \(7\): a cron job\\x1b; 3 times since /,
  );
  assert.match(words, /, about every 1m00s, all failed; it ended with exit 2 at .* after 9\.00s$/);
  const running = { ...why, chain: [{ ...link, state: "running" }], came: null, origin: null };
  assert.match(
    whySentence(running, Date.parse("2026-11-30T10:01:00Z")),
    /^sleep \(9\) of root; it runs for 1m00s$/,
  );
});

test("names that others chose are text", () => {
  assert.equal(commandLine({ argv: ["a\x1b[31m", "\u202e"], comm: null }).includes("\x1b"), false);
  assert.equal(commandLine({ argv: null, comm: "x\ny" }), "[x\\ny]");
  assert.match(commandLine({ argv: ["a"], argv_missing: 2048, comm: null }), /^a \[2 KiB more\]$/);
  assert.equal(keyText("command", { command: "\x07" }), "\\x07");
  assert.equal(keyText("unit", { unit: null }), "-");
  assert.equal(keyText("exit", { exit_code: null, signal: "SIGKILL" }), "SIGKILL");
});

test("findings at the same time stand below each other, and no deeper than they must", () => {
  const lanes = (...spans: readonly (readonly [number, number])[]) =>
    lanesOf(spans.map(([begin, end]) => ({ begin, end })));
  assert.deepEqual(lanes([0, 9], [3, 4], [5, 6], [10, 11]), [0, 1, 1, 0]);
  assert.deepEqual(lanes([5, 6], [0, 9], [6, 7]), [1, 0, 2]);
  assert.deepEqual(lanes(), []);
});

test("a time is cut into equal stretches", () => {
  const now = Date.parse("2026-11-30T10:00:00Z");
  assert.equal(momentOf("10m ago", now), now - 600_000);
  assert.equal(momentOf("nonsense", now), null);
  const stretches = stretchesOf("2h ago", "1h ago", now, 4);
  assert.equal(stretches.length, 4);
  assert.equal(stretches[0]![0], "2026-11-30T08:00:00.000Z");
  assert.equal(stretches[3]![1], "2026-11-30T09:00:00.000Z");
  for (let at = 1; at < 4; at++) assert.equal(stretches[at]![0], stretches[at - 1]![1]);
  const sums = [new Map([["a", 1], ["b", 5]]), new Map([["a", 9], ["c", 2]])];
  assert.deepEqual(topOf(sums, 2), ["a", "b"]);
});

test("a log becomes the spans of a timeline, with what they have cost", () => {
  const figures = { minor_faults: 0, major_faults: 0, read_bytes: 0, write_bytes: 0 };
  const switches = { voluntary_switches: 0, involuntary_switches: 0 };
  const cost = { user_ns: 1, system_ns: 2, peak_bytes: null, ...figures, ...switches };
  const sinceMs = Date.parse("2026-11-30T10:00:00Z");
  const { frame, spans } = pastSpans({
    events: [
      event({
        event: "exit",
        time: "2026-11-30T10:00:02.500000001Z",
        duration_ns: 1_500_000_000,
        signal: "SIGKILL",
        id: "b-2-2",
        pid: 2,
        cost,
      }),
      event({
        event: "gap",
        since: "2026-11-30T09:59:00Z",
        time: "2026-11-30T10:00:01Z",
        lost: 4,
        reason: "overflow",
      }),
    ],
    running: [{
      ...event({ id: "b-1-1", pid: 1 }),
      state: "running",
      started: "2026-11-30T09:00:00Z",
      ended: null,
      children: [],
    }],
    sinceMs,
    untilMs: sinceMs + 10_000,
    notes: [],
  });
  assert.equal(frame.lengthNs, 10e9);
  assert.deepEqual(frame.gaps, [{ since: 0, until: 1e9, reason: "overflow", lost: 4 }]);
  assert.deepEqual(spans.map(({ id, start, end }) => [id, start, end]), [
    ["b-1-1", -3600e9, null],
    ["b-2-2", 1e9 + 1, 2.5e9 + 1],
  ]);
  assert.equal(spans[1]!.status, 1);
  assert.deepEqual(spans.map((one) => one.cost), [null, cost]);
});
