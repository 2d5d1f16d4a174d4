/** What the socket tells of costs and of findings: of what a peer may see, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FindingLog } from "../../src/history/finding_log.ts";
import { CommonShares } from "../../src/model/common_shares.ts";
import { Users } from "../../src/proc/passwd.ts";
import { answerLine, type Peer } from "../../src/serve/protocol.ts";
import { Questions } from "../../src/serve/questions.ts";
import { atEnd } from "../support/at_end.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { PAST_BOOT, PAST_EPOCH } from "../support/past.ts";
import { paid } from "../support/past_accounts.ts";

const S = 1e9;
const ANN = 1000;
const ROOT: Peer = { client: 1, pid: 1, uid: 0, privileged: true, startTicks: null };
const PEER: Peer = { ...ROOT, client: 2, uid: ANN, privileged: false };

const procfs = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", start: 0 }], {
  "sys/kernel/random/boot_id": `${PAST_BOOT}\n`,
});
atEnd(() => procfs.remove());

const cost = { cpuNs: 5e6, userUs: 2000, systemUs: 3000, peakKib: 12, writeBytes: 4096 };
const recorder = paid([
  { pid: 10, born: 2 * S, span: S, comm: "of-root", cost: null },
  { pid: 11, born: 3 * S, span: S, comm: "of-ann", uid: ANN, cost },
  { pid: 12, born: 20 * S, span: S, comm: "late" },
]);
atEnd(() => recorder[Symbol.dispose]());
const log = new FindingLog(recorder.db, PAST_BOOT);
const living = [...recorder.machine.processes()];
for (const [pid, key, until] of [[10, "a", 2.5 * S], [11, "b", 4 * S]] as const) {
  const process = living.find((one) => one.pid === pid)!;
  const finding = {
    ...{ kind: "core-dump", key, since: 2 * S, until, isOver: true, count: 2, process },
    ...{ by: living.find((one) => one.pid === 1)!, facts: {} },
  };
  log.put(log.numberOf(finding), finding);
}
recorder.ledger.write(() => log.write());
recorder.end();

const questions = new Questions({
  env: {},
  euid: 0,
  now: () => PAST_EPOCH.seconds * 1000 + 60_000,
  procRoot: procfs.root,
  signal: new AbortController().signal,
  db: recorder.path,
  users: new Users(() => "", () => 0),
  redact: undefined,
  shares: CommonShares.of(),
  epoch: () => Promise.resolve(PAST_EPOCH),
});

async function answer(peer: Peer, op: string, params: Record<string, unknown> = {}) {
  const { fields } = questions.operations[op]!(peer, { op, id: undefined, params });
  // deno-lint-ignore no-explicit-any
  return JSON.parse(answerLine(op, undefined, await fields)) as any;
}

test("log tells what has ended has cost, where that is asked for", async () => {
  const costs = async (peer: Peer, params = {}) => {
    const { events } = await answer(peer, "log", { costs: true, ...params });
    return Object.fromEntries(
      events.map((one: Record<string, unknown>) => [one["comm"], one["cost"]]),
    );
  };
  const all = await costs(ROOT);
  assert.equal(all["of-root"], null);
  const { user_ns, system_ns, peak_bytes, read_bytes, write_bytes } = all["of-ann"];
  assert.deepEqual([user_ns, system_ns, peak_bytes, read_bytes, write_bytes], [
    2e6,
    3e6,
    12_288,
    0,
    4096,
  ]);
  assert.deepEqual(Object.keys(await costs(PEER)), ["of-ann"]);
  // The start of a program has cost nothing yet.
  const { events } = await answer(ROOT, "log", { costs: true, filter: { event: "exec" } });
  assert.ok(events.length > 0);
  assert.ok(events.every((one: object) => !("cost" in one)));
  const plain = await answer(ROOT, "log");
  assert.ok(plain.events.every((one: object) => !("cost" in one)));
  await assert.rejects(answer(ROOT, "log", { costs: 1 }), { error: "EFAULT" });
});

test("trouble tells others what is about their own, and not who else starts that", async () => {
  const told = async (peer: Peer, params = {}) => {
    const { findings } = await answer(peer, "trouble", params);
    return findings.map((one: Record<string, unknown>) => [one["pid"], one["by"] !== null]);
  };
  assert.deepEqual((await told(ROOT)).sort(), [[10, true], [11, true]]);
  assert.deepEqual(await told(PEER), [[11, false]]);
  const [one] = (await answer(PEER, "trouble")).findings;
  assert.match(one.words, /^of-ann .*dumped core/);
  assert.doesNotMatch(JSON.stringify(one), /init/);
  assert.deepEqual(await told(ROOT, { since: "2026-11-24 00:00:03Z" }), [[11, true]]);
  // That recorder did not look: what is kept here was put there.
  const { notes } = await answer(ROOT, "trouble");
  assert.deepEqual(notes.map(({ kind }: { kind: string }) => kind), ["coverage"]);
  await assert.rejects(told(ROOT, { since: "2020-01-01", until: "2020-01-02" }), {
    error: "ESRCH",
  });
  await assert.rejects(told(ROOT, { limit: 1 }), { error: "EFAULT" });
});
