import assert from "node:assert/strict";
import { test } from "node:test";
import { exportCommand } from "../../src/cmd/export/command.ts";
import { logCommand } from "../../src/cmd/log/command.ts";
import { recordCommand } from "../../src/cmd/record/command.ts";
import { treeCommand } from "../../src/cmd/tree/command.ts";
import { watchCommand } from "../../src/cmd/watch/command.ts";
import { whyCommand } from "../../src/cmd/why/command.ts";
import type { CommandError } from "../../src/fault.ts";
import { runAfterwards } from "../support/afterwards.ts";
import { exec, exit, fork, gap, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";

const S = 1e9;

/**
 * cron (100) starts a job at 60 s: a shell (200) that forks (201), which forks (202) and ends at
 * once; 202 becomes a sleep and lives on. 300 is used twice: a true that fails, and a date.
 */
function story(): TestRecorder {
  const past = new TestRecorder();
  past.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 5e8, argv: ["/usr/sbin/cron", "-f"] },
    ]),
    fork(60 * S, 200, 100),
    exec(60 * S + 1e6, 200, "/bin/sh", "-c", "job --once &"),
    fork(60 * S + 2e6, 201, 200),
    fork(60 * S + 3e6, 202, 201),
    exit(60 * S + 4e6, 201, 0),
    exec(60 * S + 5e6, 202, "/bin/sleep", "900"),
    exit(60 * S + 6e6, 200, 0),
    fork(70 * S, 300, 100),
    exec(70 * S + 1e6, 300, "/bin/false"),
    exit(70 * S + 2e6, 300, 0x100),
    gap(75 * S, 3),
    fork(80 * S, 300, 100),
    exec(80 * S + 1e6, 300, "/bin/date"),
    exit(81 * S, 300, 0),
  );
  return past.end();
}

function refuses(status: number, message: RegExp): (error: CommandError) => boolean {
  return (error) => error.status === status && message.test(error.message);
}

test("fh log lists what ended, newest last, and what is missing", async () => {
  using past = story();
  const { out, err } = await runAfterwards(logCommand, [], { db: past.path });
  const lines = out.trimEnd().split("\n").map((line) => line.replace(/ +/g, " ").slice(19));
  assert.deepEqual(lines, [
    "exit 201 200 root 2.0ms exit 0 /bin/sh -c 'job --once &'",
    "exit 200 100 root 6.0ms exit 0 /bin/sh -c 'job --once &'",
    "exit 300 100 root 2.0ms exit 1 /bin/false",
    "gap 3 events lost: overflow",
    "exit 300 100 root 1.00s exit 0 /bin/date",
  ]);
  assert.equal(err, "");
});

test("fh log filters, limits, and goes backwards", async () => {
  using past = story();
  const pids = async (options: Record<string, unknown>) => {
    const { out } = await runAfterwards(logCommand, [], { db: past.path, json: true, ...options });
    const events = out.trimEnd().split("\n").filter(Boolean).map((line) => JSON.parse(line));
    return events.map(({ event, pid }) => event === "gap" ? "gap" : `${event} ${pid}`);
  };
  assert.deepEqual(await pids({ failed: true }), ["exit 300", "gap"]);
  assert.deepEqual(await pids({ limit: 1 }), ["exit 300"]);
  assert.deepEqual(await pids({ reverse: true, limit: 2 }), ["exit 300", "gap"]);
  assert.deepEqual(await pids({ match: [/date/] }), ["gap", "exit 300"]);
  assert.deepEqual(await pids({ pid: ["200"] }), ["exit 201", "exit 200", "gap"]);
  assert.deepEqual(await pids({ minDuration: 5e6 }), ["exit 200", "gap", "exit 300"]);
  assert.deepEqual(await pids({ event: ["exec"], match: [/sleep/] }), ["exec 202", "gap"]);
  assert.deepEqual(await pids({ event: ["fork"], until: "2026-11-24T00:01:01Z" }), [
    "fork 200",
    "fork 201",
    "fork 202",
  ]);
});

test("fh log --tree keeps the ancestors of what matches", async () => {
  using past = story();
  const { out } = await runAfterwards(logCommand, [], {
    db: past.path,
    tree: true,
    match: [/false/],
  });
  assert.deepEqual(out.trimEnd().split("\n"), [
    "1 /sbin/init",
    "└─ 100 /usr/sbin/cron -f",
    "   └─ 300 /bin/false  # exit 1, 2.0ms",
  ]);
});

test("fh why tells the chain, the double fork and the cron job", async () => {
  using past = story();
  const { out } = await runAfterwards(whyCommand, ["202"], { db: past.path });
  const orphan = "left by a double fork";
  const [sentence, empty, ...lines] = out.trimEnd().split("\n");
  assert.equal(
    sentence,
    "sleep (202) of root, started by cron (100, which has ended): a cron job, " +
      "in the systemd unit a.service; it ended while nobody recorded",
  );
  assert.equal(empty, "");
  // The times are local, and of today for the first process.
  const withoutTime = / root .*?\d\d:\d\d:\d\d +/;
  const rows = lines.map((line) => line.replace(withoutTime, " ").replace(/ +/g, " "));
  assert.deepEqual(rows.map((row) => row.replace(/^ 1 \S+ /, " 1 age ")), [
    "PID USER STARTED DURATION STATUS COMMAND",
    `202 ? unseen /bin/sleep 900 # ${orphan}: 201 ended 1.0ms later`,
    "201 2.0ms exit 0 /bin/sh -c 'job --once &'",
    "200 6.0ms exit 0 /bin/sh -c 'job --once &' # a shell in between",
    "100 ? unseen /usr/sbin/cron -f",
    " 1 age running [init]",
  ]);
  const json = JSON.parse(
    (await runAfterwards(whyCommand, ["date"], { db: past.path, json: true })).out,
  );
  assert.deepEqual(json.chain.map(({ pid }: { pid: number }) => pid), [300, 100, 1]);
  assert.equal(json.origin.kind, "cron");
  assert.equal(json.chain[0].exit_code, 0);
});

test("fh tree and fh why tell what the kernel started, out of a history too", async () => {
  using past = new TestRecorder();
  past.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 2, ppid: 0, start: 0, argv: ["kthreadd"], kernel: true },
      { pid: 3, ppid: 2, start: 0, argv: ["kworker/0:1"], kernel: true },
      { pid: 4, ppid: 2, start: 0, argv: ["kworker/u4:1"], kernel: true },
    ]),
    fork(2 * S, 5, 2),
    fork(3 * S, 60, 4),
    exec(3 * S + 1e6, 60, "/sbin/request-key"),
    fork(4 * S, 61, 60),
    exec(4 * S + 1e6, 61, "/bin/sh", "-c", "key"),
    exit(5 * S, 61, 0),
    exit(5 * S, 60, 0),
    fork(9 * S, 62, 4),
  ).end();
  const { out } = await runAfterwards(treeCommand, [], {
    db: past.path,
    since: "2026-11-24T00:00:02Z",
  });
  assert.deepEqual(out.trimEnd().split("\n").map((line) => line.split("  #")[0]), [
    "1 /sbin/init",
    "2 [kthreadd]",
    "└─ 4 [kworker/u4:1]",
    "   └─ 60 /sbin/request-key",
    "      └─ 61 /bin/sh -c key",
  ]);
  const words = async (pid: string) =>
    /: (the kernel.*);/.exec((await runAfterwards(whyCommand, [pid], { db: past.path })).out)?.[1];
  assert.equal(await words("60"), "the kernel started it");
  assert.equal(await words("61"), "the kernel started request-key (60)");
  assert.equal(await words("5"), "the kernel: it is one of its threads");
});

test("fh tree PID draws the dead, and asks which of several it is", async () => {
  using past = story();
  const options = { db: past.path };
  const { out } = await runAfterwards(treeCommand, ["200"], options);
  assert.deepEqual(out.trimEnd().split("\n").slice(1), [
    "└─ 100 /usr/sbin/cron -f  # ended unseen",
    "   └─ 200 /bin/sh -c 'job --once &'  # exit 0, 6.0ms",
    "      └─ 201 /bin/sh -c 'job --once &'  # exit 0, 2.0ms",
    "         └─ 202 /bin/sleep 900  # ended unseen",
  ]);
  await assert.rejects(
    runAfterwards(treeCommand, ["300"], options),
    (error: CommandError) => {
      assert.match(error.message, /^Which process 300: 2 had that pid; give one of these ids$/);
      assert.match(error.lines.join("\n"), /^ {2}7c0a51fe-300-8000 .*\n {2}7c0a51fe-300-7000 /);
      return error.status === 2;
    },
  );
  const at = await runAfterwards(treeCommand, ["300@2026-11-24T00:01:10Z"], options);
  assert.match(at.out, /300 \/bin\/false {2}# exit 1/);
  const id = await runAfterwards(treeCommand, ["7c0a51fe-300-8000"], { ...options, json: true });
  const top = JSON.parse(id.out);
  assert.equal(top.children[0].children[0].argv[0], "/bin/date");
  assert.equal(top.children[0].children[0].started, "2026-11-24T00:01:20.000000000Z");
});

test("fh tree --at shows the host as it was, --since and --until what lived", async () => {
  using past = story();
  const at = await runAfterwards(treeCommand, [], { db: past.path, at: "2026-11-24T00:01:05Z" });
  assert.deepEqual(at.out.trimEnd().split("\n"), [
    "1 /sbin/init",
    "└─ 100 /usr/sbin/cron -f",
    "   └─ 200 /bin/sh -c 'job --once &'  # exit 0, 6.0ms",
    "      └─ 201 /bin/sh -c 'job --once &'  # exit 0, 2.0ms",
    "         └─ 202 /bin/sleep 900",
  ]);
  const within = await runAfterwards(treeCommand, ["100"], {
    db: past.path,
    since: "2026-11-24T00:01:09Z",
    until: "2026-11-24T00:01:11Z",
  });
  assert.match(within.out, /300 \/bin\/false/);
  assert.doesNotMatch(within.out, /date/);
});

test("a time not recorded, a process that never was, times that make no sense", async () => {
  using past = story();
  const { path: db } = past;
  await assert.rejects(
    runAfterwards(treeCommand, [], { db, at: "2026-11-23" }),
    refuses(3, /^No history at that time: .* goes from 2026-11-2\d \d\d:\d\d:01 to /),
  );
  await assert.rejects(
    runAfterwards(treeCommand, ["4242"], { db }),
    refuses(3, /^No process 4242: not in/),
  );
  await assert.rejects(
    runAfterwards(whyCommand, ["nobody-is"], { db }),
    refuses(3, /^No process named nob/),
  );
  await assert.rejects(
    runAfterwards(logCommand, [], { db, since: "soon" }),
    refuses(2, /^Bad time: soon;/),
  );
  await assert.rejects(
    runAfterwards(logCommand, [], { db, since: "2999-01-01" }),
    refuses(2, /future/),
  );
  await assert.rejects(
    runAfterwards(logCommand, [], { db, since: "1h ago", until: "2h ago" }),
    refuses(2, /^Bad times: 1h ago is not before 2h ago/),
  );
  await assert.rejects(
    runAfterwards(logCommand, [], { db: "/nonexistent/x.db" }),
    refuses(3, /there is no/),
  );
});

test("fh export makes a file that answers the same, and a replay tells the same", async () => {
  using past = story();
  const output = `${past.folder}/part.db`;
  const times = { since: "2026-11-24T00:01:05Z", until: "2026-11-24T00:01:15Z" };
  const { err } = await runAfterwards(exportCommand, [], { db: past.path, output, ...times });
  assert.equal(err, "fh: exported 6 processes\n");
  const { out } = await runAfterwards(logCommand, [], { db: output });
  assert.match(out, /^[^\n]*exit +300 [^\n]*\/bin\/false\n$/);
  const why = await runAfterwards(whyCommand, ["202"], { db: output });
  assert.match(why.out, /^[^\n]*: a cron job/);
  await assert.rejects(
    runAfterwards(exportCommand, [], { db: past.path, output }),
    refuses(1, /it is there already; remove it/),
  );
  const watch = { source: "replay", json: true, realtime: true, quiet: true };
  const replay = await runAfterwards(watchCommand, [], { ...watch, db: past.path });
  const told = replay.out.trimEnd().split("\n").slice(1).map((line) => JSON.parse(line));
  const log = await runAfterwards(logCommand, [], {
    db: past.path,
    json: true,
    event: ["fork", "exec", "exit"],
  });
  const logged = log.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const essence = (events: typeof told) =>
    events.map(({ event, id, time, argv, exit_code }) => ({ event, id, time, argv, exit_code }));
  assert.deepEqual(essence(told), essence(logged));
});

test("without a history each answers from /proc, and says what one would add", async () => {
  const advice = /^fh: no history here: [^\n;]+\n$/;
  const why = await runAfterwards(whyCommand, ["1"], {});
  assert.equal(why.err, "");
  assert.match(why.out, /^\S+ \(1\) of root: the kernel, at boot; it runs for \w+\n/);
  const log = await runAfterwards(logCommand, [], {});
  assert.match(log.err, advice);
  assert.match(log.out, /snapshot +1 /);
  await assert.rejects(
    runAfterwards(treeCommand, [], { at: "1h ago" }),
    refuses(3, /^No history: there is/),
  );
  await assert.rejects(
    runAfterwards(exportCommand, [], {}),
    refuses(3, /^No history: there is no/),
  );
});

test("fh record --status tells of the last run", async () => {
  using past = story();
  const { status, out } = await runAfterwards(recordCommand, [], {
    db: past.path,
    status: true,
    json: true,
  });
  assert.equal(status, 1);
  const { recording, source, events, lost, rows, running, oldest } = JSON.parse(out);
  assert.deepEqual([recording, source, lost, rows, running], [false, "connector", 3, 7, 3]);
  assert.ok(events > 10);
  assert.equal(oldest, "2026-11-24T00:00:01.000Z");
});
