import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { readAccounts } from "../../src/acct/file.ts";
import { readJobFile } from "../../src/acct/job_file.ts";
import { AccountJoin, type JoinRecord } from "../../src/acct/join.ts";
import { runCli } from "../../src/commands.ts";
import { finish } from "../../src/steps.ts";
import { acctFile } from "../support/acct.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeContext } from "../support/fake_output.ts";

const folder = temporaryFolder("fh-account-bounds-");

const START = 1_795_543_440;

function fileOf(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Lives of one pid that begin in the same second. */
function membersOf(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    job: 1,
    name: "crowd",
    pid: 7,
    id: `id-${at}`,
    started: null,
    ended: null,
    startedS: START + at / count,
    endedS: START + at / count,
  }));
}

/** A record of one of them, which counts how often it is held against a life. */
function recordOf(at: number, looks: { count: number }): JoinRecord {
  return {
    pid: 7,
    uid: 0,
    get startS() {
      looks.count++;
      return START;
    },
    comm: new Uint8Array(0),
    elapsedCs: at % 100,
    userCs: 1,
    systemCs: 0,
    minorFaults: 0,
    majorFaults: 0,
    swaps: 0,
    waitStatus: 0,
  };
}

test("each record is held against a bounded number of lives, the others are counted", () => {
  const join = new AccountJoin();
  const most = 3000;
  for (const member of membersOf(most)) join.addMember(member);
  const looks = { count: 0 };
  for (let at = 0; at < most; at++) join.add(recordOf(at, looks));
  assert.ok(looks.count < most * 200, `${looks.count} looks`);
  const { members, accounted } = finish(join.accounts(() => true))[0]!;
  assert.equal(members, most);
  assert.equal(accounted + join.crowded, most);
  assert.equal(accounted + join.strangers, most);
});

test("fh account says how many members are too alike, and accounts the others", async () => {
  const lines = membersOf(100).map(({ job, pid, id }) =>
    JSON.stringify({ job, pid, id, started: "2026-11-24T18:04:00Z" })
  );
  const jobs = fileOf("alike", lines.join("\n"));
  const record = { pid: 7, start: START };
  const acct = fileOf("alike.acct", acctFile(...Array.from({ length: 100 }, () => record)));
  const context = fakeContext();
  assert.equal(await runCli(context, ["account", "-x", "-a", acct, "-j", jobs]), 0);
  assert.equal(
    context.stderr.text,
    "fh: accounted 64 of 100 members; 36 records are of no member; " +
      "36 are like too many of the same pid and second\n",
  );
});

test("members with other starts are not crowded by many of one second", () => {
  const join = new AccountJoin();
  for (const member of membersOf(1000)) join.addMember(member);
  const [last] = membersOf(1);
  join.addMember({ ...last!, job: 2, id: "later", startedS: START + 60, endedS: START + 60 });
  const looks = { count: 0 };
  join.add({ ...recordOf(0, looks), startS: START + 60 });
  assert.equal(finish(join.accounts(() => true))[1]!.accounted, 1);
});

test("reading an accounting file ends with the record at which it is stopped", async () => {
  const path = fileOf("whole", acctFile(...Array.from({ length: 4000 }, () => ({ pid: 1 }))));
  const abort = new AbortController();
  let seen = 0;
  const reading = await readAccounts(path, abort.signal, {
    onRecord: () => {
      if (++seen === 10) abort.abort("SIGINT");
    },
  });
  assert.deepEqual([reading.records, seen], [10, 10]);
});

/** Work that takes so long that others are to have their turn after it. */
function takeLong(): void {
  const until = performance.now() + 60;
  while (performance.now() < until);
}

test("others have their turn while a piece of an accounting file is read", async () => {
  const path = fileOf("slow", acctFile(...Array.from({ length: 4000 }, () => ({ pid: 1 }))));
  const abort = new AbortController();
  const reading = await readAccounts(path, abort.signal, {
    onRecord: () => {
      if (!abort.signal.aborted) setImmediate(() => abort.abort("SIGINT"));
      takeLong();
    },
  });
  assert.ok(reading.records < 10, `${reading.records} records`);
});

test("reading a job file ends with the member at which it is stopped", async () => {
  const path = fileOf("members", `${JSON.stringify({ job: 1, pid: 1 })}\n`.repeat(4000));
  const abort = new AbortController();
  let seen = 0;
  for await (const _ of readJobFile(path, abort.signal)) {
    if (++seen === 10) abort.abort("SIGINT");
  }
  assert.equal(seen, 10);
});

test("others have their turn while a table of many rows is made", async () => {
  const path = fileOf("many", `${JSON.stringify({ job: 1, pid: 1 })}\n`.repeat(4000));
  const context = fakeContext();
  const { stdout } = context;
  const write = stdout.write.bind(stdout);
  stdout.write = (chunk) => {
    write(chunk);
    setImmediate(() => context.abort.abort("SIGINT"));
    takeLong();
  };
  assert.equal(await runCli(context, ["account", "-d", "-j", path]), 0);
  assert.ok(stdout.lines.length < 4000, `${stdout.lines.length} lines`);
  assert.match(context.stderr.text, /^fh: Stopped by SIGINT before all was read\n$/);
});

test("commands of a file beyond a number have one row together", async () => {
  const count = 65_536 + 10;
  const records = Array.from({ length: count }, (_, at) => ({ comm: `c${at}`, user: 1 }));
  const path = fileOf("names", acctFile(...records));
  const context = fakeContext();
  assert.equal(
    await runCli(context, ["account", "--csv", "-x", "-a", path, "--by", "command"]),
    0,
  );
  const rows = context.stdout.lines;
  assert.equal(rows.length, 1 + 65_536 + 1);
  assert.match(rows[1]!, /^\(others\),10,/);
});
