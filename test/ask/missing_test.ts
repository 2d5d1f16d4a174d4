import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandSpec } from "../../src/cli/command.ts";
import { accountCommand } from "../../src/cmd/account/command.ts";
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
/** The wall clock showed midnight at boot. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 24, 0, 0, seconds)).toISOString();
const LOST =
  /39107 events were lost from 2026-11-24 \d\d:01:12 to 2026-11-24 \d\d:01:15 \(overflow\)/;
const GAP = {
  reason: "overflow",
  lost: 39_107,
  gaps: 1,
  since: "2026-11-24T00:01:12.000000000Z",
  until: "2026-11-24T00:01:15.000000000Z",
};

/** cron (100) lives through three seconds of which nothing is known; 200 ends before, 300 after. */
function story(): TestRecorder {
  const past = new TestRecorder();
  past.tell(
    ...scan(S, S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 5e8, argv: ["/usr/sbin/cron", "-f"] },
    ]),
    fork(60 * S, 200, 100),
    exec(60 * S + 1e6, 200, "/bin/true"),
    exit(60 * S + 4e6, 200, 0),
    gap(75 * S, 39_107, 72 * S),
    fork(80 * S, 300, 100),
    exec(80 * S + 1e6, 300, "/bin/date"),
    exit(81 * S, 300, 0),
  );
  return past.end();
}

const within = { since: at(73), until: at(74) };
const before = { since: at(61), until: at(71) };

test("a time within a gap is answered with the gap, whoever is asked", async () => {
  using past = story();
  const { out: log } = await runAfterwards(logCommand, [], { db: past.path, ...within });
  assert.match(log.replaceAll(/ +/g, " "), /^.* gap 39107 events lost: overflow, since .*\n$/);
  const { out: line } = await runAfterwards(logCommand, [], {
    db: past.path,
    json: true,
    ...within,
  });
  const { event, since, time, lost, reason } = JSON.parse(line);
  assert.deepEqual([event, since, time, lost, reason], [
    ...["gap", GAP.since, GAP.until],
    ...[39_107, "overflow"],
  ]);
  assert.equal((await runAfterwards(logCommand, [], { db: past.path, ...before })).out, "");
  const played = { db: past.path, json: true, source: "replay", ...within };
  const { out } = await runAfterwards(watchCommand, [], { ...played, argv: true });
  const gaps = out.trimEnd().split("\n").map((one) => JSON.parse(one))
    .filter((one) => one.event === "gap");
  assert.deepEqual(gaps.map((one) => [one.since, one.lost]), [[GAP.since, 39_107]]);
});

test("trees of a time that a gap touches say so, others do not", async () => {
  using past = story();
  const touched: readonly [string[], Record<string, unknown>][] = [
    [[], within],
    [[], { at: at(73) }],
    [["100"], { at: at(73) }],
    [["100"], {}],
    [[], { since: at(60) }],
  ];
  for (const [operands, options] of touched) {
    const { out, err } = await runAfterwards(treeCommand, operands, {
      db: past.path,
      json: true,
      ...options,
    });
    assert.match(err, LOST);
    const [first] = out.split("\n");
    assert.deepEqual(JSON.parse(first!).gaps, [GAP]);
    const quiet = await runAfterwards(treeCommand, operands, {
      db: past.path,
      quiet: true,
      ...options,
    });
    assert.equal(quiet.err, "");
  }
  for (const options of [before, { at: at(70) }, { at: at(76) }]) {
    const { out, err } = await runAfterwards(treeCommand, [], {
      db: past.path,
      json: true,
      ...options,
    });
    assert.deepEqual([err, JSON.parse(out.split("\n")[0]!).gaps], ["", undefined]);
  }
  const log = await runAfterwards(logCommand, [], { db: past.path, tree: true, json: true });
  assert.match(log.err, LOST);
  assert.deepEqual(JSON.parse(log.out).gaps, [GAP]);
});

test("why tells of gaps in a life, and where nothing is found", async () => {
  using past = story();
  const { err } = await runAfterwards(whyCommand, ["100"], { db: past.path });
  assert.match(err, LOST);
  assert.equal((await runAfterwards(whyCommand, ["100"], { db: past.path, quiet: true })).err, "");
  const json = await runAfterwards(whyCommand, ["100"], { db: past.path, json: true });
  assert.deepEqual(JSON.parse(json.out).gaps, [GAP]);
  for (const program of ["true", "date"]) {
    const short = await runAfterwards(whyCommand, [program], { db: past.path, json: true });
    assert.deepEqual(JSON.parse(short.out).gaps, []);
  }
  const fails = async (command: CommandSpec, operand: string, message: RegExp, is: boolean) => {
    await assert.rejects(
      runAfterwards(command, [operand], { db: past.path }),
      (error: CommandError) => {
        assert.equal(message.test(error.message), is, error.message);
        return error.status === 3;
      },
    );
  };
  for (const command of [whyCommand, treeCommand]) {
    await fails(command, `4711@${at(73)}`, LOST, true);
    await fails(command, `4711@${at(65)}`, LOST, false);
    await fails(command, "4711", LOST, true);
  }
  await fails(whyCommand, "nobody-has-this-name", LOST, true);
});

test("a link that began within a gap is in doubt, its neighbours are not", async () => {
  using past = new TestRecorder();
  past.tell(
    ...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]),
    gap(75 * S, 5, 72 * S),
    ...scan(76 * S, 77 * S, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 100, ppid: 1, start: 73 * S, argv: ["/bin/sh"] },
    ]),
    fork(80 * S, 200, 100),
    exec(81 * S, 200, "/bin/date"),
    exit(82 * S, 200, 0),
  ).end();
  const { out } = await runAfterwards(whyCommand, ["date"], { db: past.path, json: true });
  assert.deepEqual(JSON.parse(out).gaps.map(({ lost }: typeof GAP) => lost), [5]);
});

test("accounts and the recorder's status say what is missing", async () => {
  using past = story();
  const account = await runAfterwards(accountCommand, [], {
    db: past.path,
    json: true,
    since: at(60),
  });
  assert.match(account.err, LOST);
  for (const line of account.out.trimEnd().split("\n")) {
    assert.deepEqual(JSON.parse(line).gaps, [GAP]);
  }
  const none = await runAfterwards(accountCommand, [], { db: past.path, json: true, ...before });
  assert.doesNotMatch(none.err, /lost/);
  const status = { db: past.path, status: true };
  assert.match((await runAfterwards(recordCommand, [], status)).out, LOST);
  const { out } = await runAfterwards(recordCommand, [], { ...status, json: true });
  assert.deepEqual(JSON.parse(out).gaps, [GAP]);
});

test("gaps of one reason are one sentence", async () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  for (let n = 0; n < 5; n++) past.tell(gap((20 + n) * S, 2, (19.5 + n) * S));
  past.tell(fork(80 * S, 200, 1), exit(81 * S, 200, 0)).end();
  const { err } = await runAfterwards(treeCommand, [], { db: past.path, since: at(10) });
  const [line, ...others] = err.trimEnd().split("\n");
  assert.match(line!, /^fh: 10 events were lost in 5 gaps from .*:00:19 to .*:00:24 \(overflow\)/);
  assert.deepEqual(others, []);
});

test("what is missing is a note of the answer of each command, as on standard error", async () => {
  using past = story();
  const db = { db: past.path, json: true };
  const all = { since: at(1), until: at(90) };
  const answers: readonly (readonly [CommandSpec, string[], Record<string, unknown>])[] = [
    [treeCommand, ["100"], { ...db, ...all }],
    [whyCommand, ["100@00:01:14"], db],
    [accountCommand, [], { ...db, ...all }],
    [logCommand, [], { ...db, ...all, tree: true }],
    [recordCommand, [], { ...db, status: true }],
  ];
  for (const [command, operands, options] of answers) {
    const { out, err } = await runAfterwards(command, operands, options);
    const { notes } = JSON.parse(out.split("\n")[0]!);
    const texts = notes.map(({ text }: { text: string }) => `fh: ${text}\n`).join("");
    assert.match(texts, LOST, command.name);
    // The status says it among its lines.
    if (command !== recordCommand) assert.equal(err, texts, command.name);
    const quiet = await runAfterwards(command, operands, { ...options, quiet: true });
    assert.equal(quiet.err, "", command.name);
    assert.deepEqual(JSON.parse(quiet.out.split("\n")[0]!).notes, notes, command.name);
  }
});

test("a stream says beside its events what there is more", async () => {
  using past = new TestRecorder();
  for (let pid = 1000; pid < 1120; pid++) {
    past.tell(fork(90 * S + pid, pid, 100), exit(91 * S, pid, 0));
  }
  past.end();
  const { out, err } = await runAfterwards(logCommand, [], { db: past.path, json: true });
  const lines = out.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  const text = "the newest 100 are shown; for more give --since or --limit";
  assert.deepEqual(lines.at(-1), { event: "info", kind: "limit", text });
  assert.equal(lines.length, 101);
  assert.equal(err, `fh: ${text}\n`);
});
