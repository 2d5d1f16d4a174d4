/** Rules of `fh job` on the real kernel: what execs puts a process into a job. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { runProgram } from "../support/executable.ts";
import { Family, JobHost, type Shown } from "../support/job_calls.ts";
import { connectorMissing } from "../support/observe.ts";
import { AS_NOBODY, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const isRoot = process.getuid?.() === 0;
const exactMissing = connectorMissing ?? (isRoot ? null : "needs root");
const nobodyMissing = exactMissing ??
  (runProgram(AS_NOBODY[0]!, [...AS_NOBODY.slice(1), "true"]).status === 0
    ? null
    : "needs setpriv(1)");

/** A program of a name that nothing else on this host has. */
function copySleep(folder: string, name: string): string {
  const path = join(folder, name);
  copyFileSync(runProgram("sh", ["-c", "command -v sleep"]).stdout.trim(), path);
  return path;
}

/** Adds a rule; its number. */
function addRule(host: JobHost, job: string, ...conditions: readonly string[]): number {
  return host.json("rule", "add", job, ...conditions)[0].rule;
}

test(
  ...unless(exactMissing, "an executable by name and by path, at exec and when it runs"),
  async () => {
    await using host = await JobHost.start();
    const { path } = host.folder;
    const [one, two] = [copySleep(path, "fh-one"), copySleep(path, "fh-two")];
    await using before = Running.start([one, "60"]);
    await using _other = Running.start(["sleep", "60"]);
    await host.untilKnown(before.pid, "fh-one");
    const [added] = host.json("rule", "add", "by-name", "--exe", "fh-one");
    assert.deepEqual(added, { rule: 1, job: "by-name", added: 1 });
    assert.match(
      host.done("rule", "add", "by-path", "--exe", `${path}/fh-*`).stderr,
      /^fh: rule 2 of by-path; added 1 that run\n$/,
    );
    await using later = Running.start([two, "60"]);
    // What execs stays in the job, and so does what it has forked before.
    await using shell = Running.start(["sh", "-c", 'read -r go; exec "$0" 60', one]);
    shell.tell("go");
    await host.untilLiving("by-path", [before.pid, later.pid, shell.pid]);
    await host.untilLiving("by-name", [before.pid, shell.pid]);
    const tested = host.done("rule", "test", `${shell.pid}`).stdout;
    assert.equal(
      tested,
      `${shell.pid} fh-one: in by-name, by-path\nrule 1 puts it into by-name\n` +
        "rule 2 puts it into by-path\n",
    );
    const [none] = [host.job("rule", "test", `${process.pid}`)];
    assert.equal(none!.status, 1);
    assert.match(none!.stdout, /: in no job\nno rule is for it\n$/);
  },
);

test(...unless(exactMissing, "children of whom a rule has added join by birth"), async () => {
  await using host = await JobHost.start();
  await using family = new Family();
  const child = await family.child();
  await host.untilKnown(child, "sleep");
  const tag = `fh-tag-${process.pid}`;
  addRule(host, "tagged", "--match", `^sh -c .*# ${tag}$`);
  assert.deepEqual(host.json("list"), [], "nothing is in it, so it is not there yet");
  await family.run(`sleep 0.02; true; exit 3 # ${tag}`);
  await host.until("tagged", ({ processes, running }) => processes >= 2 && running === 0);
  // A rule may feed it again: it stays open.
  const shown = host.show("tagged");
  assert.deepEqual([shown.ended, shown.failed, shown.members], [null, 1, 2]);
  assert.deepEqual(shown.commands.map(({ command }: Shown) => command).toSorted(), ["sh", "sleep"]);
  assert.equal(host.job("end", "tagged").status, 1);
  assert.equal(host.job("rename", "tagged", "other").status, 1);
  await family.run(`sleep 0.02; true; exit 0 # ${tag}`);
  await host.until("tagged", ({ processes }) => processes >= 4);
  assert.equal(host.job("wait", "tagged").status, 0);
  host.done("rule", "remove", "1");
  assert.notEqual(host.show("tagged").ended, null);
  await family.run(`true; exit 0 # ${tag}`);
  assert.equal(host.show("tagged").members, 4);
});

test(...unless(nobodyMissing, "all conditions of a rule must hold"), async () => {
  await using host = await JobHost.start();
  const { path } = host.folder;
  runProgram("chmod", ["0755", path]);
  const exe = copySleep(path, "fh-three");
  addRule(host, "both", "--exe", "fh-three", "--user", "65534");
  addRule(host, "args", "--exe", "fh-three", "--match", " 59$", "--match", " 58$");
  await using roots = Running.start([exe, "60"]);
  await using theirs = Running.start([...AS_NOBODY, exe, "59"]);
  await using own = Running.start([exe, "58"]);
  await using _another = Running.start([...AS_NOBODY, "sleep", "60"]);
  await host.untilLiving("both", [theirs.pid]);
  await host.untilLiving("args", [theirs.pid, own.pid]);
  await host.untilKnown(roots.pid, "fh-three");
  const rules = host.json("rule", "list");
  assert.deepEqual(rules.map(({ rule, job, used }) => [rule, job, used]), [
    [1, "both", true],
    [2, "args", true],
  ]);
  assert.deepEqual(rules[1].filter, { exe: ["fh-three"], match: [" 59$", " 58$"] });
  const [head, first, second] = host.done("rule", "list").stdout.split("\n");
  assert.match(head!, /^RULE +USER +JOB +SKIPPED +WHEN *$/);
  assert.match(first!, /^ +1 +root +both +0 +exe fh-three, user 65534 *$/);
  assert.match(second!, / 59\$ or {2}58\$/);
});

/** A folder of the hierarchy whose path fh shows, where groups can be made; null without one. */
function cgroupRoot(): string | null {
  if (!isRoot) return null;
  for (const root of ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup"]) {
    try {
      rmdirSync(mkdtempSync(join(root, "fh-try-")));
      if (readFileSync(join(root, "cgroup.procs"), "utf8") !== "") return root;
    } catch {
      continue;
    }
  }
  return null;
}

const root = cgroupRoot();
const cgroupMissing = exactMissing ??
  (root === null ? "needs root in the initial cgroup namespace, and a cgroup hierarchy" : null);

test(...unless(cgroupMissing, "by control group and by unit"), async () => {
  const service = join(root!, `fh-${process.pid}.service`);
  const group = join(service, "inner");
  mkdirSync(group, { recursive: true });
  try {
    await using host = await JobHost.start();
    addRule(host, "unit", "--unit", "fh-*.service");
    addRule(host, "group", "--cgroup", "*/inner");
    addRule(host, "other", "--cgroup", "*/inner", "--unit", "other.service");
    const enter = 'echo $$ > "$0/cgroup.procs"; exec sleep 60';
    await using outer = Running.start(["sh", "-c", enter, service]);
    await using inner = Running.start(["sh", "-c", enter, group]);
    await host.untilLiving("unit", [outer.pid, inner.pid]);
    await host.untilLiving("group", [inner.pid]);
    assert.deepEqual(host.json("list").map(({ name }) => name).toSorted(), ["group", "unit"]);
  } finally {
    removeGroups([group, service]);
  }
});

/** A group can be removed when the kernel has let go of who was in it. */
function removeGroups(paths: readonly string[]): void {
  for (const path of paths) {
    for (const late = performance.now() + 5000;;) {
      try {
        rmdirSync(path);
        break;
      } catch (error) {
        if (performance.now() > late) throw error;
      }
    }
  }
}

test(
  ...unless(exactMissing, "rules outlive the recorder, and are for what runs when it begins"),
  async () => {
    await using host = await JobHost.start();
    const exe = copySleep(host.folder.path, "fh-four");
    addRule(host, "four", "--exe", "fh-four");
    await using known = Running.start([exe, "60"]);
    await host.untilLiving("four", [known.pid]);
    assert.equal(addRule(host, "five", "--exe", "fh-five"), 2);
    host.done("rule", "remove", "2");
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      assert.equal(host.show("four").ended, null);
      await host.recorder.end(signal);
      await using born = Running.start([exe, "60"]);
      await host.begin();
      await host.untilLiving("four", [known.pid, born.pid]);
      assert.deepEqual(host.json("rule", "list").map(({ rule }) => rule), [1]);
    }
    await host.untilLiving("four", [known.pid]);
    assert.equal(host.members("four").length, 3);
  },
);

test(
  ...unless(exactMissing, "bad rules are refused in one line, and nothing is kept"),
  async () => {
    await using host = await JobHost.start();
    const rows: readonly (readonly [string[], RegExp])[] = [
      [["add", "job"], /^Missing condition: a rule for job; give one or more of --exe, --match/],
      [["add", "job", "--match", "(?=a)"], /^Bad /],
      [["add", "job", "--match", "x".repeat(2000)], /^Bad /],
      [["add", "job", "--exe", "[z-a]"], /^Bad /],
      [["add", "job", "--user", "no such user"], /^Bad .*no such user/],
      [["add", "a b", "--exe", "x"], /^Bad /],
      [["remove"], /^Missing operands: fh job rule remove NUMBER\n$/],
      [["frob"], /^Unknown action: rule frob; give rule add, list, remove or test\n$/],
    ];
    for (const [args, message] of rows) checkRefusal(host, args, 2, message);
    checkRefusal(host, ["remove", "99"], 3, /^No such rule: 99; .*\(ESRCH\)\n$/);
    checkRefusal(host, ["test", "4194304"], 3, /^No such process: 4194304; .*\(ESRCH\)\n$/);
    assert.deepEqual(host.json("rule", "list"), []);
  },
);

function checkRefusal(
  host: JobHost,
  args: readonly string[],
  expected: number,
  message: RegExp,
): void {
  const { status, stdout, stderr } = host.job("rule", ...args);
  const what = `rule ${args.join(" ").slice(0, 60)}: ${stderr}`;
  assert.deepEqual([status, stdout], [expected, ""], what);
  assert.match(stderr, /^fh: [^\n]+\n$/, what);
  assert.match(stderr.slice("fh: ".length), message, what);
}
