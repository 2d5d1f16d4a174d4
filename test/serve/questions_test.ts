/** What tree and why show over the socket: what a peer may see, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CommonShares } from "../../src/model/common_shares.ts";
import { EVENT } from "../../src/model/event.ts";
import { Users } from "../../src/proc/passwd.ts";
import { Refusal } from "../../src/fault.ts";
import { answerLine, type Peer } from "../../src/serve/protocol.ts";
import { Questions } from "../../src/serve/questions.ts";
import { atEnd } from "../support/at_end.ts";
import { exec, exit, fork, gap, scan, simple } from "../support/events.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const ANN = 1000;
const ROOT: Peer = { client: 1, pid: 1, uid: 0, privileged: true, startTicks: null };
const PEER: Peer = { ...ROOT, client: 2, uid: ANN, privileged: false };

/** Ann's shell was started by root's, and has started a program of root's, such as su(1). */
const RUNNING = [
  { pid: 1, ppid: 0, comm: "init", cmdline: "/sbin/init\0", start: 0 },
  { pid: 50, ppid: 1, comm: "sshd", cmdline: "sshd\0secret-of-root\0", start: 100 },
  { pid: 60, ppid: 50, comm: "sh", cmdline: "sh\0", uid: ANN, start: 200 },
  { pid: 70, ppid: 60, comm: "make", cmdline: "make\0", uid: ANN, start: 300 },
  { pid: 80, ppid: 60, comm: "su", cmdline: "su\0", start: 400 },
];
const procfs = fakeProcfs(RUNNING, { "sys/kernel/random/boot_id": `${PAST_BOOT}\n` });
atEnd(() => procfs.remove());

/** A history in which a program of root's has ended, too. */
const recorder = new TestRecorder();
atEnd(() => recorder[Symbol.dispose]());
recorder.tell(
  ...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]),
  ...[fork(1.5 * S, 40, 1), exec(1.5 * S, 40, "cron"), exit(1.6 * S, 40, 0)],
  ...[fork(2 * S, 41, 1), simple(EVENT.uid, 2 * S, 41, ANN, ANN)],
  ...[exec(2.1 * S, 41, "ls", "-l"), exit(2.2 * S, 41, 0x100), gap(3 * S, 7, 2.5 * S)],
).end();

/** Questions without a history, and with one. */
const ASKED = [null, recorder.path].map((db) =>
  new Questions({
    env: {},
    euid: 0,
    now: Date.now,
    procRoot: procfs.root,
    signal: new AbortController().signal,
    db,
    users: new Users(() => "", () => 0),
    redact: undefined,
    shares: CommonShares.of(),
    epoch: () => Promise.resolve(PAST_EPOCH),
  })
);

/** Pids of the chain that is shown, or the error. */
async function chain(questions: Questions, peer: Peer, target: number | string) {
  try {
    const answer = await questions.why(peer, target);
    assert.ok(peer.privileged || !JSON.stringify(answer).includes("secret-of-root"));
    return (answer["chain"] as { pid: number }[]).map(({ pid }) => pid);
  } catch (error) {
    if (error instanceof Refusal) return error.error;
    throw error;
  }
}

test("why shows who runs the server the whole chain, and others their own links", async () => {
  for (const questions of ASKED) {
    assert.deepEqual(await chain(questions, ROOT, 70), [70, 60, 50, 1]);
    assert.deepEqual(await chain(questions, PEER, 70), [70, 60]);
    assert.deepEqual(await chain(questions, ROOT, "make"), [70, 60, 50, 1]);
    assert.deepEqual(await chain(questions, PEER, "make"), [70, 60]);
  }
});

test("why tells nobody of another's process, whether by pid or by name", async () => {
  for (const questions of ASKED) {
    for (const target of [50, 80, "sshd", "su", 4000, "nobody-has-this-name"]) {
      assert.equal(await chain(questions, PEER, target), "ESRCH", String(target));
      // Nor whether there is one.
      const message = "No such process: it is none of yours; give one that is";
      await assert.rejects(questions.why(PEER, target), { message });
    }
    assert.deepEqual(await chain(questions, ROOT, 80), [80, 60, 50, 1]);
  }
  const [, past] = ASKED;
  assert.deepEqual(await chain(past!, ROOT, "cron"), [40, 1]);
  assert.equal(await chain(past!, PEER, "cron"), "ESRCH", "of what has ended, too");
});

test("why tells no origin that is above a link of another's", async () => {
  for (const questions of ASKED) {
    const { origin: whole } = await questions.why(ROOT, 70);
    assert.equal((whole as { words: string }).words, "an ssh session");
    assert.equal((await questions.why(PEER, 70))["origin"], null);
  }
});

test("tree shows others their own processes alone", async () => {
  for (const questions of ASKED) {
    const pids = async (peer: Peer, target?: number) => {
      const text = await questions.tree(peer, target);
      assert.ok(peer.privileged || !text.includes("secret-of-root"));
      return [...text.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid)).sort((a, b) => a - b);
    };
    const all = await pids(ROOT);
    assert.deepEqual(all.filter((pid) => pid !== 40), [1, 50, 60, 70, 80]);
    assert.deepEqual(await pids(PEER), [60, 70]);
    assert.deepEqual(await pids(PEER, 70), [60, 70]);
    await assert.rejects(pids(PEER, 50), { error: "ESRCH" });
  }
});

/** What an operation answers, as its line has it. */
async function answer(peer: Peer, op: string, params: Record<string, unknown> = {}) {
  const [, past] = ASKED;
  const { fields } = past!.operations[op]!(peer, { op, id: undefined, params });
  // deno-lint-ignore no-explicit-any
  return JSON.parse(answerLine(op, undefined, await fields)) as any;
}

test("log tells what happened, to others of their own processes alone", async () => {
  const told = async (peer: Peer, params: Record<string, unknown> = {}) => {
    const { events } = await answer(peer, "log", params);
    return events.map(({ event, comm, lost }: Record<string, unknown>) =>
      `${event} ${comm ?? lost}`
    );
  };
  assert.deepEqual(await told(ROOT), ["exit cron", "exit ls", "gap 7"]);
  assert.deepEqual(await told(PEER), ["exit ls", "gap 7"]);
  const filter = { event: "exec" };
  assert.deepEqual(await told(PEER, { filter }), ["exec ls", "gap 7"]);
  assert.deepEqual(await told(ROOT, { filter, reverse: true }), ["gap 7", "exec ls", "exec cron"]);
  assert.deepEqual(await told(ROOT, { filter: { failed: true } }), ["exit ls", "gap 7"]);
  assert.deepEqual(await told(ROOT, { filter: { comm: "cr*" }, until: "2026-11-24 00:00:02Z" }), [
    "exit cron",
  ]);
  const { events, notes } = await answer(ROOT, "log", { limit: 1 });
  assert.deepEqual([events.length, notes.map(({ kind }: { kind: string }) => kind)], [1, [
    "limit",
  ]]);
});

test("account sums what has ended, for others what was their own", async () => {
  const rows = async (peer: Peer, params: Record<string, unknown> = {}) => {
    const { rows } = await answer(peer, "account", params);
    return rows.map((row: Record<string, unknown>) => [Object.values(row)[0], row["processes"]]);
  };
  assert.deepEqual((await rows(ROOT)).sort(), [["cron", 1], ["ls", 1]]);
  assert.deepEqual(await rows(PEER), [["ls", 1]]);
  assert.deepEqual(await rows(ROOT, { filter: { failed: true } }), [["ls", 1]]);
  assert.deepEqual(await rows(ROOT, { by: "job" }), []);
  const { gaps, notes } = await answer(PEER, "account");
  assert.deepEqual(gaps.map(({ lost }: { lost: number }) => lost), [7]);
  assert.match(notes[0].text, /^accounted 0 of 1 processes that ended since /);
});

test("sums below a pid tell others nothing of who else had it", async () => {
  const filter = { pid: 40 };
  const own = await answer(PEER, "account", { filter: { pid: 41 } });
  assert.deepEqual(own.rows.map(({ command }: { command: string }) => command), ["ls"]);
  const { rows, notes } = await answer(PEER, "account", { filter });
  assert.deepEqual(rows, []);
  assert.deepEqual(notes.map(({ kind }: { kind: string }) => kind), ["coverage"]);
  assert.equal((await answer(ROOT, "account", { filter })).rows.length, 1);
});

test("log and account refuse what they do not know, and what no history has", async () => {
  const refused: readonly (readonly [string, Record<string, unknown>, string])[] = [
    ["log", { filter: { event: "coredump" } }, "EFAULT"],
    ["log", { filter: { nonsense: 1 } }, "EFAULT"],
    ["log", { limit: 0 }, "EFAULT"],
    ["log", { limit: 10_001 }, "EFAULT"],
    ["log", { since: 5 }, "EFAULT"],
    ["log", { since: "nonsense" }, "EFAULT"],
    ["log", { since: "2020-01-01", until: "2020-01-02" }, "ESRCH"],
    ["account", { by: "phase of the moon" }, "EFAULT"],
    ["account", { filter: { event: "exit" } }, "EFAULT"],
    ["account", { limit: 3 }, "EFAULT"],
    ["account", { by: "job", filter: { failed: false, cgroup: "/x" } }, "EFAULT"],
    ["account", { by: "job", filter: { pid: 41 } }, "EFAULT"],
  ];
  for (const [op, params, error] of refused) {
    for (const peer of [ROOT, PEER]) {
      await assert.rejects(answer(peer, op, params), { error }, JSON.stringify(params));
    }
  }
  const [none] = ASKED;
  const { fields } = none!.operations["log"]!(ROOT, { op: "log", id: undefined, params: {} });
  await assert.rejects(Promise.resolve(fields), { error: "EOPNOTSUPP" });
});
