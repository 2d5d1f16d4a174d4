/**
 * Pids that come round again and again, in a pid namespace with few of them: each life is a process
 * of its own. The proc connector works in the initial namespace only, so the poll source records.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ExitEvent, WatchEvent } from "../../src/library.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, type Outcome, runProgram } from "../support/executable.ts";
import { type Member, Truth } from "../support/lineage.ts";
import { program, programsMissing } from "../support/programs.ts";
import { seconds, type Shown, untilEnded } from "../support/questions.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** The kernel gives out pids from 300 on when they have come round. */
const PID_MAX = 330;
/** Children until the first round is over, and those that then share 30 pids, a round in 2 s. */
const FIRST = 290;
const MORE = 62;
const LIFE_MS = 80;

/**
 * As the first process of a namespace: records, makes children, and then has pids enough again,
 * so that nobody who asks has one of theirs.
 */
const SCRIPT = `
fh=$1 db=$2 lineage=$3 truth=$4 max=$5 life=$6 first=$7 more=$8
before=$(cat /proc/sys/kernel/pid_max)
echo "$max" > /proc/sys/kernel/pid_max || exit 1
"$fh" record -q --source poll --db "$db" & fh=$!
until [ -s "$db" ] && "$1" record --status --db "$db" > /dev/null 2>&1; do sleep 0.05; done
"$lineage" "$truth" "$life" us=1500 "reuse=$first" us=60000 "reuse=$more"
echo "$before" > /proc/sys/kernel/pid_max
echo 1000 > /proc/sys/kernel/ns_last_pid
echo made
read -r end
kill -TERM $fh
wait $fh
`;

const folder = temporaryFolder("fh-reuse-");

/** Why this cannot be tried; null when it can. Before 6.14 pid_max was one for the whole host. */
function obstacle(): string | null {
  if (programsMissing !== null) return programsMissing;
  if (process.getuid?.() !== 0) return "needs root";
  const [major = 0, minor = 0] = release().split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 14)) return "needs Linux 6.14: pid_max of a namespace";
  if (!existsSync("/proc/sys/kernel/ns_last_pid")) return "needs CONFIG_CHECKPOINT_RESTORE";
  const made = runProgram("unshare", ["--pid", "--fork", "--mount-proc", "true"]);
  if (made.status !== 0) return `needs unshare(1): ${made.stderr.trim()}`;
  return runProgram("nsenter", ["--version"]).status === 0 ? null : "needs nsenter(1)";
}

/** A question from within the namespace. */
type Ask = (...args: readonly string[]) => Outcome;

function answer<T>(ask: Ask, ...args: readonly string[]): T[] {
  const { status, stdout, stderr } = ask(...args, "--json");
  assert.equal(status, 0, `fh ${args.join(" ")}: ${stderr}`);
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Lives of each pid that had several, oldest first. */
function reused(truth: Truth): [number, Member[]][] {
  const byPid = new Map<number, Member[]>();
  for (const member of truth.all("reuse", "child")) {
    byPid.set(member.pid, [...byPid.get(member.pid) ?? [], member]);
  }
  return [...byPid].filter(([, lives]) => lives.length > 1);
}

const idsIn = (text: string) => text.match(/\b[0-9a-f]{8}-\d+-\d+(?:\.\d+)?\b/g) ?? [];

/** The log has every life, in order and with its own end. */
function checkLog(ask: Ask, pid: number, lives: readonly Member[]): string[] {
  const since = seconds(lives[0]!.start - 1000);
  const events = answer<WatchEvent>(ask, "log", "-p", `${pid}`, "--since", since);
  const exits = events.filter((event): event is ExitEvent => event.event === "exit");
  assert.deepEqual(exits.map(({ exit_code }) => exit_code), lives.map(({ code }) => code));
  const ids = exits.map(({ id }) => id);
  assert.equal(new Set(ids).size, lives.length, "each is a process of its own");
  return ids;
}

/** By its pid alone it is not known who is meant; by an id or a time it is. */
function checkQuestions(ask: Ask, pid: number, lives: readonly Member[]): void {
  const ids = checkLog(ask, pid, lives);
  for (const command of ["why", "tree"]) {
    const { status, stdout, stderr } = ask(command, `${pid}`);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, new RegExp(`^fh: Which process ${pid}: ${lives.length} had that pid;`));
    assert.deepEqual(idsIn(stderr), ids.toReversed(), "the newest first");
  }
  lives.forEach(({ code, start }, at) => {
    const [byId] = answer<{ chain: Shown[] }>(ask, "why", ids[at]!);
    assert.deepEqual([byId!.chain[0]!.id, byId!.chain[0]!.exit_code], [ids[at], code]);
    const [byTime] = answer<Shown>(ask, "tree", "--descendants", `${pid}@${seconds(start + 1)}`);
    assert.deepEqual([byTime!.id, byTime!.exit_code], [ids[at], code]);
  });
}

const missing = obstacle();
const name = "poll: a pid that was used more than once is asked about";
test(...unless(missing, name), async () => {
  const outside = readFileSync("/proc/sys/kernel/pid_max", "utf8");
  const [db, path] = [join(folder, "history.db"), join(folder, "truth")];
  const numbers = [PID_MAX, LIFE_MS, FIRST, MORE].map(String);
  await using space = Running.start([
    ...["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCRIPT, "sh"],
    ...[FH, db, program("lineage")!, path, ...numbers],
  ]);
  await space.wrote("made");
  assert.equal(readFileSync("/proc/sys/kernel/pid_max", "utf8"), outside);
  const truth = Truth.read(path);
  const several = reused(truth);
  assert.ok(several.length >= 20, `${several.length} pids were used again`);
  await untilEnded(db, truth);
  const shell = readFileSync(`/proc/${space.pid}/task/${space.pid}/children`, "utf8").trim();
  const ask: Ask = (...args) =>
    runProgram("nsenter", ["--target", shell, "--pid", "--mount", FH, ...args, "--db", db]);
  for (const [pid, lives] of several.slice(0, 4)) checkQuestions(ask, pid, lives);
  for (const [pid, lives] of several) checkLog(ask, pid, lives);
  space.tell("end");
  const { status, stderr } = await space.end();
  assert.equal(status, 0, stderr);
});
