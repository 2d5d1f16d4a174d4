/** `fh job` for ordinary users, for who gets something wrong, and without a recorder. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "../support/executable.ts";
import { Family, JobHost, type Shown } from "../support/job_calls.ts";
import { AS_NOBODY, Running, runs } from "../support/running.ts";
import { ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";

const NOBODY = 65534;

const isRoot = process.getuid?.() === 0;
const nobodyMissing = !isRoot
  ? "needs root"
  : runProgram(AS_NOBODY[0]!, [...AS_NOBODY.slice(1), "true"]).status === 0
  ? null
  : "needs setpriv(1)";

const folder = temporaryFolder("fh-job-user-");
chmodSync(folder, 0o755);

/** The executable where everybody may run it. */
function publicFh(): string {
  const path = join(folder, "fh");
  copyFileSync(FH, path);
  chmodSync(path, 0o755);
  return path;
}

/** Calls `fh job` as nobody. */
class Nobody {
  readonly #fh: string;
  readonly #socket: string;

  constructor(fh: string, socket: string) {
    this.#fh = fh;
    this.#socket = socket;
  }

  job(...args: readonly string[]): Outcome {
    const [command, ...setpriv] = AS_NOBODY;
    const call = [...setpriv, this.#fh, "job", ...args, "--socket", this.#socket];
    return runProgram(command!, call);
  }

  json(...args: readonly string[]): Shown[] {
    const { status, stdout, stderr } = this.job(...args, "--json");
    assert.equal(status, 0, stderr);
    return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }
}

/** One line on standard error, nothing on standard output. */
function checkRefusal(outcome: Outcome, expected: number, message: RegExp): void {
  const { status, stdout, stderr } = outcome;
  assert.deepEqual([status, stdout], [expected, ""], stderr);
  assert.match(stderr, /^fh: [^\n]+\n$/);
  assert.match(stderr.slice("fh: ".length), message);
}

const fh = nobodyMissing === null ? publicFh() : FH;

test(...unless(nobodyMissing, "an ordinary user has a recorder and jobs of his own"), async () => {
  using server = new ServerFolder();
  chownSync(server.path, NOBODY, NOBODY);
  const { db, socket } = server;
  await using recorder = Running.start([
    ...AS_NOBODY,
    ...[fh, "record", "--source", "poll", "--db", db, "--socket", socket],
  ]);
  await recorder.until("listening", () => recorder.stderr.includes("fh: listening on "));
  await using own = new Family(AS_NOBODY);
  await using roots = new Family();
  const nobody = new Nobody(fh, socket);
  assert.equal(nobody.job("create", "mine").status, 0);
  assert.equal(nobody.job("add", "mine", `${own.pid}`).status, 0);
  const child = await own.child();
  checkRefusal(nobody.job("add", "mine", "4194304"), 3, /^No such process: 4194304; /);
  for (let tries = 0; nobody.json("show", "mine")[0].running < 2 && tries < 50;) tries++;
  const [shown] = nobody.json("show", "mine");
  assert.deepEqual([shown.uid, shown.running, shown.members], [NOBODY, 2, 2]);
  assert.deepEqual(shown.running_members.map(({ pid }: Shown) => pid), [own.pid, child]);
  checkRefusal(nobody.job("add", "mine", `${roots.pid}`), 1, /^Not yours: .*\(EPERM\)\n$/);
  assert.equal(nobody.job("kill", "mine", "--signal", "KILL").status, 0);
  assert.deepEqual([own.pid, child, roots.pid].filter(runs), [roots.pid]);
  assert.equal(nobody.job("wait", "mine").status, 137);
  assert.equal((await recorder.end("SIGTERM")).status, 0);
});

test(...unless(nobodyMissing, "at root's recorder he sees and does what is his own"), async () => {
  await using host = await JobHost.start("--socket-group", String(NOBODY));
  chmodSync(host.folder.path, 0o755);
  await using own = new Family(AS_NOBODY);
  await using roots = new Family();
  const nobody = new Nobody(fh, host.folder.socket);
  host.create("secret", roots.pid);
  host.create("shared", roots.pid);
  assert.equal(nobody.job("create", "shared").status, 0, "the names of others are free");
  assert.equal(nobody.job("add", "shared", `${own.pid}`).status, 0);
  checkRefusal(nobody.job("add", "shared", `${roots.pid}`), 1, /^Not yours: .*\(EPERM\)\n$/);
  assert.deepEqual(nobody.json("list", "--all").map(({ name, uid }) => [name, uid]), [
    ["shared", NOBODY],
  ]);
  const hidden: readonly (readonly string[])[] = [
    ["show", "secret"],
    ["show", "1"],
    ["kill", "secret"],
    ["end", "secret"],
    ["remove", "secret", `${roots.pid}`],
    ["export", "secret"],
    ["add", "secret", `${own.pid}`],
  ];
  for (const args of hidden) {
    checkRefusal(nobody.job(...args), 3, /^No such job: (?:secret|1); .*\(ESRCH\)\n$/);
  }
  // What he names is his; root names his own, or another's by owner or number.
  assert.deepEqual(nobody.json("show", "shared")[0].running_members.map(({ pid }: Shown) => pid), [
    own.pid,
  ]);
  assert.equal(host.show("shared").uid, 0);
  assert.equal(host.show("3").uid, NOBODY);
  assert.equal(host.show(`${NOBODY}/shared`).uid, NOBODY);
  // A rule of his puts nobody else's processes into his job.
  assert.equal(nobody.job("rule", "add", "shells", "--match", "^sh ").status, 0);
  assert.deepEqual(nobody.json("export", "shells").map(({ pid }) => pid), [own.pid]);
  assert.deepEqual(nobody.json("rule", "list").map(({ job }) => job), ["shells"]);
  checkRefusal(
    host.job("kill", "shells"),
    3,
    /^No such job of yours: shells; .*\/shells \(ESRCH\)\n$/,
  );
  assert.ok(runs(own.pid), "what root has not named is not hit");
  assert.equal(nobody.job("kill", "shared").status, 0);
  assert.equal(nobody.job("wait", "shared").status, 143);
  assert.deepEqual(host.json("list").map(({ name }) => name).toSorted(), [
    "secret",
    "shared",
    "shells",
  ]);
});

const PIDS = "give a whole number from 1 to 4194304";

test("what one gets wrong is one line and a status", async () => {
  await using host = await JobHost.start("--source", "poll");
  await using family = new Family();
  const gone = await family.child();
  await family.reap(gone);
  host.create("job", family.pid);
  const rows: readonly (readonly [string[], number, RegExp])[] = [
    [["frob"], 2, /^Unknown action: frob; see fh job --help\n$/],
    [["kil", "job"], 2, /^Unknown action: kil; did you mean kill\?\n$/],
    [["rule"], 2, /^Missing operand: action; see fh job rule --help\n$/],
    [["\x1b[31m"], 2, /^Unknown action: .*x1b\[31m/],
    [["create"], 2, /^Missing operands: fh job create NAME\n$/],
    [["add", "job"], 2, /^Missing operands: fh job add NAME PROCESS\.\.\.\n$/],
    [["show", "job", "more"], 2, /^Too many operands: fh job show NAME\n$/],
    [["list", "--only"], 2, /^Bad options: job list with --only; that is for add, remove\n$/],
    [["show", "job", "--signal", "9"], 2, /^Bad options: .* with --signal; that is for kill\n$/],
    [["add", "job", "4194305"], 2, new RegExp(`^Bad pid: 4194305; ${PIDS}\n$`)],
    [["kill", "job", "--signal", "FROB"], 2, /^Bad signal: FROB; /],
    [["kill", "job", "--signal", "65"], 2, /^Bad signal: 65; /],
    [["create", "17"], 2, /^Bad name: "17"; .*\(EFAULT\)\n$/],
    [["create", "a b"], 2, /^Bad name: /],
    [["create", "job"], 1, /^Name taken: there is an open job job; .*\(EEXIST\)\n$/],
    [["rename", "job", "job"], 1, /^Name taken: /],
    [["add", "job", `${gone}`], 3, /^No such process: \d+; it may have ended \(ESRCH\)\n$/],
    [["add", "none", `${family.pid}`], 3, /^No such job: none; /],
    [["remove", "job", "1"], 3, /^No such member: 1 is not in job; /],
    [["kill", "job", "--db", "/tmp/x"], 2, /^Bad options: job kill with --db; /],
  ];
  for (const [args, status, message] of rows) checkRefusal(host.job(...args), status, message);
  for (const action of ["show", "wait", "kill", "export"]) {
    checkRefusal(host.job(action, "none"), 3, /^No such job: none; .*\(ESRCH\)\n$/);
  }
  assert.deepEqual(await host.living("job"), [family.pid], "nothing has come of it");
  const taken = join(host.folder.path, "taken");
  host.done("export", "job", "-o", taken);
  checkRefusal(host.job("export", "job", "-o", taken), 1, /^Cannot write the job file .*EEXIST/);
});

test("without a recorder one is told to run one", async () => {
  using server = new ServerFolder();
  const job = (...args: string[]) => runFh(["job", ...args, "--socket", server.socket]);
  const advice = /^No server: there is no \S+; run fh record/;
  for (const args of [["create", "job"], ["list"], ["wait", "job"]]) {
    checkRefusal(job(...args), 1, advice);
  }
  await using _serve = await server.serve(["--source", "poll"]);
  const none = /^This server keeps no jobs: it is fh serve, or an older fh; run fh record\n$/;
  for (const args of [["create", "job"], ["list"], ["kill", "job"]]) {
    checkRefusal(job(...args), 1, none);
  }
});

test("the history answers without a recorder", async () => {
  await using host = await JobHost.start();
  await using family = new Family();
  host.create("done", await family.child());
  host.create("open", family.pid);
  await family.run("sleep 0.1; exit 3");
  await host.until("open", ({ failed }) => failed === 1);
  host.done("end", "done");
  const asked = [["list", "--all"], ["list"], ["show", "open"], ["show", "done"], ["export"]];
  const told = asked.map((args) => host.json(...args));
  assert.equal((await host.recorder.end("SIGTERM")).status, 0);
  const { db, path } = host.folder;
  const answers = asked.map((args) => {
    const { status, stdout, stderr } = runFh(["job", ...args, "--json", "--db", db]);
    assert.equal(status, 0);
    assert.match(stderr, /^fh: no recorder is at work on [^\n]+\n$/);
    const rows = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    const notes = rows.flatMap((row) => row.notes ?? []).map(({ kind }) => kind);
    assert.deepEqual(new Set(notes), new Set(args[0] === "export" ? [] : ["no_recorder"]));
    // What a recorder says needs no note.
    return rows.map((row) => "notes" in row ? { ...row, notes: [] } : row);
  });
  const [all, open, show, done, members] = answers;
  const { accounts } = told[3]![0];
  assert.ok(["taskstats", "zombie"].includes(accounts), accounts);
  assert.deepEqual([all, open, done], [told[0], told[1], told[3]]);
  for (const name of ["job", "members", "processes", "failed", "commands", "users"]) {
    assert.deepEqual(show![0][name], told[2]![0][name], name);
  }
  assert.deepEqual(members, told[4]);
  const file = join(path, "members");
  assert.equal(runFh(["job", "export", "open", "--db", db, "-o", file]).status, 0);
  assert.deepEqual(
    readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line)),
    members!.filter(({ name }) => name === "open"),
  );
  checkRefusal(runFh(["job", "show", "none", "--db", db]), 3, /^No such job: none; /);
  checkRefusal(
    runFh(["job", "list", "--db", join(path, "nowhere")]),
    3,
    /^Cannot use the history: /,
  );
});
