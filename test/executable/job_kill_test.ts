/** `fh job kill` hits every member and nobody else, and what it hits is counted to the last. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { FH, runProgram } from "../support/executable.ts";
import { Family, JobHost, type Shown } from "../support/job_calls.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running, runs } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const isRoot = process.getuid?.() === 0;
const exactMissing = connectorMissing ?? (isRoot ? null : "needs root");
const reuseMissing = exactMissing ??
  (existsSync("/proc/sys/kernel/ns_last_pid") ? null : "needs CONFIG_CHECKPOINT_RESTORE");

for (const source of exactMissing === null ? ["connector", "poll"] : ["poll"]) {
  test(`${source}: SIGTERM reaches every member, and nobody beside them`, async () => {
    await using host = await JobHost.start("--source", source);
    await using family = new Family();
    await using sibling = new Family();
    const strangers = [sibling.pid, await sibling.child(), await sibling.daemon()];
    host.create("job", family.pid);
    const members = [family.pid, await family.child()];
    // The poller may look too late to know whose child a daemon was.
    if (source === "connector") members.push(await family.daemon());
    // One that is stopped takes the signal, too.
    const stopped = await family.child();
    process.kill(stopped, "SIGSTOP");
    members.push(stopped);
    await host.untilLiving("job", members);
    const { stderr } = host.done("kill", "job");
    assert.equal(stderr, `fh: SIGTERM to ${members.length} members of job\n`);
    await until(() => !members.some(runs));
    assert.equal(host.job("wait", "job").status, 143);
    assert.deepEqual(strangers.filter(runs), strangers);
    assert.ok(runs(host.recorder.pid));
    assert.equal(host.show("job").failed, members.length);
  });
}

test(...unless(exactMissing, "where /proc is another pid namespace's, nobody is hit"), async () => {
  await using host = await JobHost.start();
  await using family = new Family();
  host.create("job", family.pid);
  const place = ["--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit $?', "sh"];
  const kill = [FH, "job", "kill", "job", "--socket", host.folder.socket];
  const { status, stderr } = runProgram("unshare", [...place, ...kill]);
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /^fh: Cannot signal a job: this \/proc is another pid namespace's; do it in/,
  );
  assert.ok(runs(family.pid));
});

test("a signal by number; members that do not die of it; who records is left out", async () => {
  await using host = await JobHost.start();
  await using family = new Family();
  host.create("job", family.pid);
  const child = await family.child();
  await host.untilLiving("job", [family.pid, child]);
  host.done("add", "job", `${host.recorder.pid}`, "--only");
  const [told] = host.json("kill", "job", "--signal", "18");
  assert.deepEqual(told, {
    job: "job",
    signal: "SIGCONT",
    signalled: 2,
    denied: 0,
    left: 0,
    spared: true,
  });
  const outcome = host.done("kill", "job", "--signal", "sigkill");
  const text = "SIGKILL to 2 members of job; the recorder is a member and was left out";
  assert.equal(outcome.stderr, `fh: ${text}\n`);
  await until(() => !runs(child));
  assert.deepEqual(await host.living("job"), [host.recorder.pid]);
});

/** Pids of those that run a program; zombies have no command line. */
function pidsOf(path: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith(`${path}\0`);
    } catch {
      return false;
    }
  });
}

/** Kills what still runs a program. */
function endAll(path: string): void {
  for (let left = pidsOf(path); left.length > 0; left = pidsOf(path)) {
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }
}

/** Strangers that come and go all the time, each a line of how it ended. */
const STRANGERS = `while :; do sleep 0.005 & wait $!; echo $?; sh -c 'exit 3'; echo $?; done`;

test(
  ...unless(
    programsMissing ?? exactMissing,
    "a fork bomb is killed while it forks, and no stranger",
  ),
  async () => {
    await using host = await JobHost.start();
    await using strangers = Running.start(["sh", "-c", STRANGERS]);
    const made = join(host.folder.path, "made");
    const count = () => Number(new BigUint64Array(readFileSync(made).buffer.slice(0, 8))[0]);
    await using bomb = Running.start([program("bomb")!, made, "3000", "200"]);
    await bomb.wrote("ready");
    host.create("bomb", bomb.pid);
    bomb.tell("go");
    try {
      await until(() => count() >= 100);
      const outcome = host.job("kill", "bomb", "--signal", "KILL");
      assert.equal(outcome.status, 0, outcome.stderr);
      assert.match(outcome.stderr, /^fh: SIGKILL to \d+ members of bomb\n$/);
      assert.deepEqual(pidsOf(program("bomb")!), []);
    } finally {
      endAll(program("bomb")!);
    }
    const forks = count();
    assert.ok(forks < 3000, "it still forked when it was killed");
    assert.equal(host.job("wait", "bomb").status, 137);
    const { members, processes, running, lost } = host.show("bomb");
    assert.deepEqual([processes, running, lost], [members, 0, 0]);
    // One may have counted its fork and not come to it.
    assert.ok(members <= forks + 1 && members > forks - 20, `${members} members, ${forks} forks`);
    const seen = strangers.stdout.length;
    await strangers.until("more strangers", () => strangers.stdout.length > seen);
    const ends = strangers.stdout.trimEnd().split("\n");
    assert.deepEqual([...new Set(ends)].toSorted(), ["0", "3"]);
  },
);

/** Has strangers with a given pid: one that exits with 5 at once, or one that stays a while. */
const NEXT = `while read -r act pid; do
  for try in 1 2 3 4 5 6 7 8 9 10; do
    echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
    if [ $act = stay ]; then timeout 30 tail -f /dev/null & else sh -c 'exit 5' & fi
    [ $! = $pid ] && break
    [ $act = stay ] && kill $!
  done
  [ $! = $pid ] && echo "got $pid" || echo "missed $pid"
  [ $act = stay ] || wait $!
done`;

async function reuse(source: "auto" | "poll"): Promise<void> {
  await using host = await JobHost.start("--source", source);
  await using family = new Family();
  await using strangers = Running.start(["sh", "-c", NEXT]);
  host.create("job", family.pid);
  const answers = () => strangers.stdout.split("\n").slice(0, -1);
  let [asked, got, children] = [0, 0, 0];
  const replace = async (act: string): Promise<number | null> => {
    const pid = await family.child();
    await host.untilLiving("job", [family.pid, pid]);
    children++;
    await family.reap(pid);
    strangers.tell(`${act} ${pid}`);
    asked++;
    await strangers.until("an answer", () => answers().length >= asked);
    return answers().at(-1) === `got ${pid}` ? pid : null;
  };
  for (let round = 0; round < 40 && got < 10; round++) if (await replace("pass")) got++;
  assert.equal(got, 10, "pids were used again");
  let stranger: number | null = null;
  for (let round = 0; round < 40 && stranger === null; round++) stranger = await replace("stay");
  assert.ok(stranger !== null && runs(stranger));
  await host.untilLiving("job", [family.pid]);
  assert.equal(
    host.done("kill", "job", "--signal", "9").stderr,
    "fh: SIGKILL to 1 members of job\n",
  );
  assert.equal(host.job("wait", "job").status, 137);
  assert.ok(runs(stranger), "it has not hit the stranger");
  // The poller may look at a child too late to know how it ended.
  if (source === "auto") {
    const { members, processes, failed, commands } = host.show("job");
    assert.deepEqual([members, processes, failed], [children + 1, children + 1, children + 1]);
    assert.deepEqual(
      commands.map(({ command, processes }: Shown) => [command, processes]).toSorted(),
      [["sh", 1], ["sleep", children]],
    );
  }
  process.kill(stranger, "SIGTERM");
  const pids = host.members("job").filter(({ pid }) => pid === stranger);
  assert.deepEqual(pids.map(({ signal }) => signal), ["SIGKILL"]);
}

test(...unless(reuseMissing, "who gets the pid of a member is none"), () => reuse("auto"));
test(...unless(reuseMissing, "the same for the poller"), () => reuse("poll"));

const MANY = 100_000;
/** One who starts them, or two and one who has started these. */
const STARTERS = availableParallelism() > 1 ? 3 : 1;

test(
  ...unless(programsMissing ?? exactMissing, "100 000 short processes are all members"),
  async () => {
    await using host = await JobHost.start();
    const load = [program("load")!, "--phase", `vfork,count=${MANY},cpus=${STARTERS > 1 ? 2 : 1}`];
    await using forks = Running.start(["sh", "-c", 'read -r go; exec "$@"', "sh", ...load]);
    host.create("job", forks.pid);
    await using waiting = await host.wait("job");
    forks.tell("go");
    assert.equal((await waiting.end()).status, 0);
    const { members, processes, accounted, failed, running, lost } = host.show("job");
    assert.equal(running, 0);
    assert.equal(processes, members);
    // load.c exits with 0 to 3 in turn, and with 0 itself.
    const all = MANY + STARTERS;
    if (lost === 0) {
      assert.deepEqual([members, accounted, failed], [all, all, MANY * 3 / 4]);
    } else assert.ok(members <= all && members + lost >= all, `${members}, ${lost} lost`);
  },
);
