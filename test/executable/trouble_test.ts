/** What is wrong is found out of a history, and by a look at what happens now. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh, runProgram } from "../support/executable.ts";
import { MemoryGroup, memoryGroupMissing } from "../support/memory_group.ts";
import { startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const SOURCE = process.geteuid!() === 0 ? "auto" : "poll";
const folder = temporaryFolder("fh-trouble-");
const LOOP = 'i=0; while [ $i -lt 7 ]; do sh "$0"; sleep 0.2; i=$((i + 1)); done';
const SAY_NO = "i=0; while [ $i -lt 100 ]; do grep -q x /dev/null; i=$((i + 1)); done";

interface Finding {
  readonly kind: string;
  readonly name: string;
  readonly words: string;
  readonly command: string;
  readonly count: number;
  readonly pid: number;
  readonly reason: string | null;
}

/** A script that ends badly after a while; its name is nobody else's. */
function script(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "ulimit -c 0\nsleep 0.2\nkill -ABRT $$\n");
  return path;
}

/** What is told of one name. */
function troubles(args: readonly string[], name: string): Finding[] {
  const { status, stdout, stderr } = runFh(["trouble", "--json", ...args]);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  assert.equal(status, findings.length > 0 ? 1 : 0, stderr);
  return findings.filter((finding) => finding.name === name);
}

test("a crash loop is told out of a history, with a command that shows its runs", async () => {
  const db = join(folder, "loop.db");
  await using _recorder = await startRecorder(db, ["--source", SOURCE]);
  runProgram("sh", ["-c", LOOP, script("fh-crasher")]);
  runProgram("sh", ["-c", SAY_NO]);
  const args = ["--db", db, "--for", "1ms"];
  const [loop, ...others] = troubles(args, "fh-crasher");
  assert.deepEqual(others, []);
  assert.deepEqual([loop?.kind, loop?.count], ["crash-loop", 7]);
  assert.match(
    loop!.words,
    /^fh-crasher of \S+ .*crashes again and again: 7 times in .*, SIGABRT /,
  );
  assert.deepEqual(troubles(args, "grep"), []);
  // What is said to show more shows just these runs.
  assert.match(loop!.command, /^fh log -c fh-crasher --since \S+Z$/);
  const shown = runFh([...loop!.command.split(" ").slice(1), "--db", db, "--json"]).stdout;
  assert.equal(shown.trimEnd().split("\n").length, 7);
  const text = runFh(["trouble", ...args, "-q"]);
  assert.equal(text.status, 1);
  assert.ok(text.stdout.includes(`${loop!.words}\n  ${loop!.command}\n`), text.stdout);
  // Who asks for more of it to be a loop, or for another time, is told of none.
  assert.deepEqual(troubles([...args, "--threshold", "loop-times=8"], "fh-crasher"), []);
});

const hasHistory = existsSync("/var/lib/fh/history.db") ? "needs a host without a history" : null;

test(...unless(hasHistory, "without a history a crash loop is seen as it happens"), async () => {
  const path = script("fh-live-crasher");
  await using _loop = Running.start(["sh", "-c", `while :; do sh "$0"; sleep 0.1; done`, path]);
  const args = ["trouble", "--source", SOURCE, "--for", "4s"];
  const { stdout, stderr, status } = runFh(args);
  assert.match(stdout, /^fh-live-crasher .*crashes again and again: /m, stderr);
  assert.match(stderr, /^fh: no history.*: what went wrong before is not known/m);
  assert.equal(status, 1);
  const since = runFh([...args, "--since", "10m ago"]);
  assert.equal(since.status, 3);
  assert.match(
    since.stderr,
    /^fh: Cannot look at what went wrong since 10m ago: there is no history/,
  );
});

test(...unless(memoryGroupMissing, "the kernel's kill is told with the limit"), async () => {
  const db = join(folder, "memory.db");
  await using _recorder = await startRecorder(db, ["--source", SOURCE]);
  using group = MemoryGroup.tryOf(32)!;
  const path = join(folder, "fh-hog");
  writeFileSync(path, "x=xxxxxxxx; while :; do x=$x$x; done\n");
  const [command = "", ...prefix] = group.prefix;
  runProgram(command, [...prefix, "sh", path]);
  const [found, ...others] = troubles(["--db", db, "--for", "1ms"], "fh-hog");
  assert.deepEqual(others, []);
  assert.equal(found?.kind, "oom-kill");
  assert.match(found!.reason!, /^out of memory \(limit 32 MiB of \/.*fh-test-/);
});

test("a core dump is told, and whose it was", async () => {
  const db = join(folder, "core.db");
  await using _recorder = await startRecorder(db, ["--source", SOURCE]);
  const path = join(folder, "fh-dumper");
  writeFileSync(path, "ulimit -c unlimited\nsleep 0.1\nkill -SEGV $$\n");
  const before = readdirSync(folder).length;
  runProgram("sh", [path], { cwd: folder });
  const found = troubles(["--db", db, "--for", "1ms"], "fh-dumper").map(({ kind }) => kind);
  // Where the host keeps no core files in folders, none is seen here.
  if (readdirSync(folder).length > before) assert.deepEqual(found, ["core-dump"]);
});

test("a program that never ran here is told where a recorder is asked to", async () => {
  const db = join(folder, "first.db");
  const known = join(folder, "fh-known");
  const news = join(folder, "fh-news");
  for (const path of [known, news]) writeFileSync(path, "#!/bin/sh\nsleep 0.1\n", { mode: 0o755 });
  const hook = join(folder, "fh-first-hook");
  writeFileSync(hook, "#!/bin/sh\necho told of $FH_NAME\n", { mode: 0o755 });
  const args = ["--source", SOURCE, "--first-seen", "1d", "--on-finding", hook];
  {
    await using recorder = await startRecorder(db, args);
    runProgram(known, []);
    assert.equal((await recorder.end("SIGTERM")).status, 0);
  }
  // A host that is got to know has nothing that is new; this one is known for two days.
  assert.deepEqual(troubles(["--db", db, "--for", "1ms"], "fh-known"), []);
  const file = new DatabaseSync(db);
  file.exec("UPDATE program SET since = since - 2 * 86400000");
  file.close();
  await using recorder = await startRecorder(db, args);
  for (const path of [known, news, news]) runProgram(path, []);
  assert.deepEqual(troubles(["--db", db, "--for", "1ms"], "fh-known"), []);
  const found = troubles(["--db", db, "--for", "1ms"], "fh-news");
  assert.deepEqual(found.map(({ kind, count, reason }) => [kind, count, reason]), [
    ["first-seen", 1, news],
  ]);
  assert.match(found[0]!.words, /^fh-news of \S+ .*was never run on this host before: \//);
  // The recorder's own hook is no news.
  await recorder.until("its hook", () => recorder.stderr.includes("told of fh-news"));
  assert.deepEqual(troubles(["--db", db, "--for", "1ms"], "fh-first-hook"), []);
  // Whoever asks for other bounds is told of it, too.
  const other = ["--db", db, "--for", "1ms", "--threshold", "loop-times=8"];
  assert.equal(troubles(other, "fh-news").length, 1);
});

test("wrong thresholds and times are told in one line", () => {
  for (
    const [args, told] of [
      [["--threshold", "loops=3"], /^fh: Unknown threshold: loops; there are loop-times, /],
      [["--threshold", "loop-times"], /^fh: Threshold without a value: .*give loop-times=5$/m],
      [["--threshold", "loop-times=0"], /^fh: Bad loop-times: 0; give a whole number from 1$/m],
      [["--threshold", "stuck=x"], /^fh: Bad /],
      [["--since", "2026-01-02", "--until", "2026-01-01"], /^fh: Bad times: /],
    ] as const
  ) {
    const { status, stderr } = runFh(["trouble", ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, told);
  }
});

test("a recorder tells hooks of what is wrong, and goes on when they fail", async () => {
  const db = join(folder, "hooks.db");
  const out = join(folder, "hook.out");
  const hook = join(folder, "hook");
  writeFileSync(hook, `#!/bin/sh\n{ env; cat; } >> ${out}\necho told $FH_NAME\nexit 1\n`);
  chmodSync(hook, 0o755);
  const hooks = ["--on-finding", `crash-loop=${hook}`, "--on-finding", `fork-storm=${hook}.none`];
  await using recorder = await startRecorder(db, ["--source", SOURCE, ...hooks]);
  runProgram("sh", ["-c", LOOP, script("fh-hooked")]);
  await recorder.until("the hook", () => recorder.stderr.includes("told fh-hooked"));
  assert.match(recorder.stderr, /^fh: trouble: fh-hooked of .* crashes again and again: 5 times/m);
  await recorder.until(
    "its end",
    () => recorder.stderr.includes(`hook ${hook} ended with status 1`),
  );
  const told = readFileSync(out, "utf8");
  assert.match(told, /^FH_KIND=crash-loop$/m);
  assert.match(told, /^FH_NAME=fh-hooked$/m);
  assert.match(told, /^FH_TURN=begins$/m);
  const { key, count } = JSON.parse(/^\{.*$/m.exec(told)![0]);
  assert.equal(count, 5);
  assert.match(told, new RegExp(`^FH_KEY=${key}$`, "m"));
  assert.match(recorder.stderr, /^fh: hook \S+\.none cannot be run: ENOENT$/m);
  assert.equal((await recorder.end("SIGTERM")).status, 0);
  for (const [text, words] of [["hook", "give the whole path"], ["loop=/x", "Unknown kind"]]) {
    const { status, stderr } = runFh(["record", "--db", db, "--on-finding", text!]);
    assert.deepEqual([status, stderr.includes(words!)], [2, true], stderr);
  }
});
