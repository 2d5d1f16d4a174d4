/** All filters of `fh log` choose what `fh account` sums up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { account as accountEvent, exec, exit, fork } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import type { TestRecorder } from "../../support/past.ts";
import { paid } from "../../support/past_accounts.ts";

const S = 1e9;
const COST = { userUs: 1000, systemUs: 500, peakKib: 300, minorFaults: 7, voluntarySwitches: 3 };

/** A compiler, a script with a helper that it starts, and one that nobody saw end. */
function past(): TestRecorder {
  const recorder = paid([
    { pid: 10, born: 2 * S, span: 30e6, comm: "cc1", cgroup: "/build.slice/a.service", cost: COST },
    { pid: 11, born: 3 * S, span: 2 * S, comm: "cc1", uid: 1000, status: 256, cost: COST },
    { pid: 12, born: 4 * S, span: 3 * S, comm: "ld", cost: null },
  ]);
  return recorder.tell(
    fork(10 * S, 20, 1),
    exec(10 * S + 1, 20, "/bin/bash", "/opt/ci.sh"),
    fork(11 * S, 21, 20),
    exec(11 * S + 1, 21, "/usr/bin/curl", "http://host/"),
    accountEvent(12 * S, 21, COST),
    exit(12 * S, 21, 0x700),
    accountEvent(13 * S, 20, { ...COST, userUs: 9000 }),
    exit(13 * S, 20, 0),
    fork(14 * S, 30, 1),
  ).end();
}

async function account(path: string, ...argv: readonly string[]) {
  const context = fakeContext();
  const status = await runCli(context, ["account", "--json", "--db", path, ...argv]);
  const rows = context.stdout.text.split("\n").slice(0, -1).map((line) => {
    const { notes: _notes, ...row } = JSON.parse(line);
    return row;
  });
  return { status, rows, stderr: context.stderr.text };
}

const counts = async (path: string, ...argv: readonly string[]) => {
  const { rows } = await account(path, ...argv);
  return Object.fromEntries(rows.map(({ command, processes }) => [command, processes]));
};

test("sums are of what all filters choose, as in fh log", async () => {
  using recorder = past();
  const { path } = recorder;
  assert.deepEqual(await counts(path, "-m", "http://"), { curl: 1 });
  assert.deepEqual(await counts(path, "--cgroup", "/build.slice/*"), { cc1: 1 });
  assert.deepEqual(await counts(path, "--min-duration", "2s"), { cc1: 1, ld: 1, bash: 1 });
  assert.deepEqual(await counts(path, "-c", "ci.sh"), { bash: 1 });
  assert.deepEqual(await counts(path, "-u", "1000", "--failed"), { cc1: 1 });
  assert.deepEqual(await counts(path, "-p", "20"), { bash: 1, curl: 1 });
  assert.deepEqual(await counts(path, "-p", "ci.sh", "--failed"), { curl: 1 });
  assert.deepEqual(await counts(path, "-p", "20@2026-11-24T00:00:11Z"), {
    bash: 1,
    curl: 1,
  });
  assert.deepEqual(await counts(path, "-p", "20", "--min-duration", "2s"), { bash: 1 });
  assert.equal((await account(path, "-p", "nobody")).status, 3);
});

test("sums below the first process are those of all", async () => {
  using recorder = past();
  for (const by of ["command", "user", "unit"]) {
    const all = await account(recorder.path, "--by", by);
    const below = await account(recorder.path, "--by", by, "-p", "1");
    assert.ok(all.rows.length > 0);
    assert.deepEqual(below.rows, all.rows, by);
  }
});

test("--limit shows what took most", async () => {
  using recorder = past();
  const all = await account(recorder.path);
  assert.deepEqual((await account(recorder.path, "-n", "2")).rows, all.rows.slice(0, 2));
  assert.equal(all.rows.length, 4);
});
