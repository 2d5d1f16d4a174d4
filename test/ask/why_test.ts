import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { whyCommand } from "../../src/cmd/why/command.ts";
import { encodeImage, Image } from "../../src/model/image.ts";
import { displayWidth } from "../../src/text/escape.ts";
import { runAfterwards } from "../support/afterwards.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { fakeContext } from "../support/fake_output.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { TestRecorder } from "../support/past.ts";

const S = 1e9;
const BACKUP = ["/usr/bin/backup", "--all", "x".repeat(200)];

/** `times` runs of a backup by cron, one a minute; each second one fails. */
function backups(times: number): TestRecorder {
  const past = new TestRecorder();
  past.tell(...scan(S, S, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 100, ppid: 1, start: 5e8, argv: ["/usr/sbin/cron", "-f"] },
  ]));
  for (let i = 0; i < times; i++) {
    const at = (60 + 60 * i) * S;
    const pid = 200 + i;
    past.tell(fork(at, pid, 100), exec(at + 1e6, pid, ...BACKUP), exit(at + S, pid, i % 2 << 8));
  }
  return past.end();
}

const sentence = (out: string) => out.split("\n", 1)[0]!;
const why = async (past: TestRecorder, json = false) => {
  return (await runAfterwards(whyCommand, ["backup"], { db: past.path, json })).out;
};

test("fh why says first how often the same came, and how that ended", async () => {
  using past = backups(5);
  const text = sentence(await why(past));
  assert.match(
    text,
    /^backup \(204\) of root, started by cron \(100, which has ended\): a cron job, in the systemd/,
  );
  assert.match(text, /; 5 times since \S+ \S+, about every 1m00s, 2 failed; /);
  assert.match(text, /; it ended with exit 0 at \S+ \S+ after 1\.00s$/);
  const { came } = JSON.parse(await why(past, true));
  assert.deepEqual(came, {
    times: 5,
    failed: 2,
    since: "2026-11-24T00:01:00.000Z",
    every_ns: 60 * S,
  });
});

test("fh why says nothing of how often it came where that was once", async () => {
  using past = backups(1);
  assert.doesNotMatch(await why(past), /times/);
  assert.equal(JSON.parse(await why(past, true)).came.times, 1);
});

test("fh why counts of very many the latest, and says that there were more", async () => {
  using past = backups(10_003);
  assert.match(sentence(await why(past)), /; more than 10000 times since /);
  assert.equal(JSON.parse(await why(past, true)).came.more, true);
});

test("fh why calls times even only where nearly all are", async () => {
  const every = async (...seconds: readonly number[]) => {
    using past = new TestRecorder();
    past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
    seconds.forEach((at, i) => {
      past.tell(fork(at * S, 200 + i, 1), exec(at * S + 1, 200 + i, ...BACKUP));
      past.tell(exit(at * S + 2, 200 + i, 0));
    });
    past.end();
    return JSON.parse(await why(past, true)).came.every_ns;
  };
  assert.equal(await every(10, 20, 30, 40), 10 * S);
  assert.equal(await every(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 500), 10 * S);
  assert.equal(await every(10, 20, 30, 500), null);
  assert.equal(await every(10, 20, 30), null);
});

test("fh why does not count what may be another command line", async () => {
  using past = new TestRecorder(undefined, { argv: false });
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  for (const pid of [200, 201]) {
    past.tell(fork(pid * S, pid, 1), exec(pid * S + 1, pid, "/usr/bin/backup", `${pid}`));
    past.tell(exit(pid * S + 2, pid, 0));
  }
  past.end();
  assert.equal(JSON.parse(await why(past, true)).came, null);
});

test("fh why counts the latest, in whichever folder they ran", async () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  const run = (i: number, cwd: string) => {
    const [at, pid] = [(10 + i) * S, 200 + i];
    const ran = exec(at + 1, pid, ...BACKUP);
    const { parts } = Image.decode(ran.text);
    ran.text = encodeImage({ ...parts, cwd: new TextEncoder().encode(cwd) });
    past.tell(fork(at, pid, 1), ran, exit(at + 2, pid, 0));
  };
  // In the order of folders the old ones come first, and are as many as are counted.
  for (let i = 0; i < 10_000; i++) run(i, "/a");
  for (let i = 10_000; i < 10_010; i++) run(i, "/b");
  past.end();
  const { came } = JSON.parse(await why(past, true));
  assert.deepEqual([came.times, came.more, came.since], [10_000, true, "2026-11-24T00:00:20.000Z"]);
});

test("fh why cuts no command line of who is asked about, and no row else", async () => {
  using past = backups(2);
  const context = fakeContext();
  Object.assign(context.stdout, { isTerminal: true, columns: 80 });
  await whyCommand.run(context, ["backup"], { db: past.path, color: "never", quiet: true });
  const [, whole, empty, ...rows] = context.stdout.lines;
  assert.deepEqual([whole, empty], [BACKUP.join(" "), ""]);
  assert.match(rows[1]!, /…x+$/);
  for (const row of rows) assert.ok(displayWidth(row) <= 80, row);
});

test("fh why tells what a process has cost so far", async () => {
  const child = spawn("sh", [
    "-c",
    "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo; read x",
  ]);
  try {
    await once(child.stdout, "data");
    const target = [String(child.pid)];
    const ask = async (json: boolean) => {
      const context = fakeContext({ env: { FH_DB: "/nowhere/history.db" } });
      await whyCommand.run(context, target, { json, color: "never" });
      return context.stdout.text;
    };
    const out = await ask(true);
    const { cost } = JSON.parse(out);
    assert.equal(cost.so_far, true);
    assert.ok(cost.peak_bytes > 0 && cost.minor_faults > 0, out);
    assert.equal(cost.voluntary_switches, null);
    const text = await ask(false);
    assert.match(text, /^sh \(\d+\) of [^;]+; it runs for \w+\.?\w*\n/);
    assert.match(text, /\nCost so far: \S+ user, \S+ system; at most /);
  } finally {
    child.kill();
  }
});

test("fh why says where a history would know who forked an orphan", async () => {
  const { root, remove } = fakeProcfs([
    { pid: 1, ppid: 0, comm: "init", cmdline: "init\0" },
    { pid: 60, ppid: 1, comm: "sshd", cmdline: "sshd\0" },
    { pid: 70, ppid: 60, comm: "sh", cmdline: "sh\0" },
    { pid: 80, ppid: 1, comm: "orphan", cmdline: "orphan\0", session: 79 },
  ], { "sys/kernel/random/boot_id": "7c0a51fe-1111-4222-8333-444444444444\n" });
  try {
    const errors = async (pid: string) => {
      const context = fakeContext({ procRoot: root, env: { FH_DB: "/nowhere/history.db" } });
      await whyCommand.run(context, [pid], { color: "never" });
      return context.stderr.text;
    };
    assert.match(await errors("80"), /^fh: no history here: parents that have ended /);
    assert.equal(await errors("70"), "");
    assert.equal(await errors("1"), "");
  } finally {
    remove();
  }
});
