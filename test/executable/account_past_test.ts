/** `fh account` of what `fh record` has seen, held against what wait4(2) says. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { before, test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh, runProgram } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { recordTo, untilKnown } from "../support/questions.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const folder = temporaryFolder("fh-account-past-");

const COUNT = 6;
/** A user that nobody else on this host is: the connector sees the processes of all. */
const UID = 1_000_000_000 + process.pid;
const db = join(folder, "history.db");
const isRoot = process.getuid?.() === 0;
const missing = programsMissing ?? connectorMissing ?? (isRoot ? null : "needs root");

/** What wait4(2) has told of a child: microseconds, counts, KiB. */
interface Truth {
  readonly name: string;
  readonly user: number;
  readonly system: number;
  readonly minor: number;
  readonly major: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly peakKib: number;
  readonly status: number;
}

let truth: readonly Truth[] = [];

before(async () => {
  if (missing !== null) return;
  await using recorder = await recordTo(db, "connector");
  const { stdout, status } = runProgram(program("cost")!, [String(COUNT)], { uid: UID, gid: UID });
  assert.equal(status, 0);
  truth = stdout.trimEnd().split("\n").map((line) => {
    const [name, ...numbers] = line.split(" ");
    const [user, system, minor, major, voluntary, involuntary, peakKib, status] = numbers
      .map(Number) as [number, number, number, number, number, number, number, number];
    return { name: name!, user, system, minor, major, voluntary, involuntary, peakKib, status };
  });
  await untilKnown(db, COUNT + 1, `uid = ${UID} AND state = 'exited'`);
  assert.equal((await recorder.end("SIGTERM")).status, 0);
});

function fhRows(...args: readonly string[]) {
  const { status, stdout, stderr } = runFh([
    "account",
    "--json",
    "--db",
    db,
    "-u",
    `${UID}`,
    ...args,
  ]);
  assert.equal(status, 0, stderr);
  return { rows: stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), stderr };
}

test(...unless(missing, "fh account --json has what each child has cost"), () => {
  const { rows, stderr } = fhRows("-c", "cost-?");
  assert.deepEqual(
    rows.map(({ command }) => command).sort(),
    truth.map(({ name }) => name).sort(),
  );
  const cpuOf = (row: Readonly<Record<string, number>>) => row["user_ns"]! + row["system_ns"]!;
  rows.forEach((row, at) => assert.ok(at === 0 || cpuOf(row) <= cpuOf(rows[at - 1]), row.command));
  for (const { name, user, system, minor, major, peakKib, status, ...switches } of truth) {
    const row = rows.find(({ command }) => command === name);
    assert.deepEqual(
      [row.processes, row.failed, row.accounted, row.swaps],
      [1, status === 0 ? 0 : 1, 1, 0],
      name,
    );
    assert.deepEqual(
      [row.minor_faults, row.major_faults, row.peak_bytes],
      [minor, major, peakKib * 1024],
      name,
    );
    // What each of its threads does in exit(2) after its record is not in it.
    const inExit = user + system - cpuOf(row) / 1000;
    const threads = Number(name.slice(-1)) % 2 + 1;
    const allowed = Math.max((user + system) * 0.01, 5000 * threads);
    assert.ok(inExit >= -10 && inExit <= allowed, `${name}: ${inExit} us of ${user + system} miss`);
    assert.ok(row.elapsed_ns >= user * 1000 / 2, `${name} lived for ${row.elapsed_ns} ns`);
    assert.ok(row.write_bytes >= 65_536, `${name} wrote ${row.write_bytes} bytes`);
    const voluntary = switches.voluntary - row.voluntary_switches;
    const involuntary = switches.involuntary - row.involuntary_switches;
    assert.ok(voluntary >= 0 && voluntary <= 5, `${name}: ${voluntary} waits in exit(2)`);
    assert.ok(involuntary >= 0 && involuntary <= 5, `${name}: ${involuntary} switches in exit(2)`);
  }
  assert.match(stderr, /^fh: accounted 6 of 6 such processes that ended since .*, by taskstats; /);
});

test(...unless(missing, "sums by user and unit are those by command"), () => {
  const numbers = ["processes", "failed", "accounted", "minor_faults", "user_ns", "write_bytes"];
  const sums = (by: string) => {
    const { rows } = fhRows("-c", "cost-?", "--by", by);
    return numbers.map((name) => rows.reduce((sum, row) => sum + row[name], 0));
  };
  assert.deepEqual(sums("user"), sums("command"));
  assert.deepEqual(sums("unit"), sums("command"));
  assert.equal(sums("command")[3], truth.reduce((sum, { minor }) => sum + minor, 0));
});

test(...unless(missing, "the view of the history has the same figures"), () => {
  const [row] = fhRows("-c", "cost-6").rows;
  const file = new DatabaseSync(db, { readOnly: true });
  const { command, processes, failed, accounted, elapsed_ns, swaps, notes, ...others } = row;
  const { living, reckoned_ns, ...figures } = others;
  assert.deepEqual([living, reckoned_ns], [0, 0], "it is short, and has ended");
  const seen = file.prepare(
    `SELECT duration_ns, ${Object.keys(figures).join(", ")} FROM process
      WHERE uid = ? AND comm = 'cost-6'`,
  ).get(UID)!;
  file.close();
  assert.deepEqual([command, processes, failed, accounted, swaps], ["cost-6", 1, 0, 1, 0]);
  assert.equal(elapsed_ns, Math.round(Number(seen["duration_ns"]) / 1000) * 1000);
  assert.deepEqual(notes.map(({ kind }: { kind: string }) => kind), ["coverage"]);
  assert.equal(Object.keys(figures).length, 9);
  for (const [name, value] of Object.entries(figures)) assert.equal(seen[name], value, name);
});

test(...unless(missing, "fh why tells what one process has cost"), () => {
  const [row] = fhRows("-c", "cost-6").rows;
  const ask = (...args: string[]) => {
    const { status, stdout, stderr } = runFh(["why", "-q", "--db", db, ...args, "cost-6"]);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const { cost } = JSON.parse(ask("--json"));
  assert.deepEqual([cost.user_ns, cost.minor_faults], [row.user_ns, row.minor_faults]);
  assert.deepEqual([cost.peak_bytes, cost.write_bytes], [row.peak_bytes, row.write_bytes]);
  assert.match(ask(), /\nCost: \d\S+ user, \S+ system; at most \S+ MiB of memory; .* written\n$/);
});

test(...unless(missing, "all that ended is counted, and told what of it is accounted"), () => {
  const { status, stdout, stderr } = runFh(["account", "--csv", "--db", db, "--by", "user"]);
  assert.equal(status, 0);
  const [head, ...lines] = stdout.trimEnd().split("\r\n").map((line) => line.split(","));
  assert.deepEqual(head!.slice(0, 4), ["user", "processes", "failed", "accounted"]);
  assert.deepEqual(
    lines.find(([user]) => user === `${UID}`)!.slice(1, 4),
    [COUNT + 1, truth.filter(({ status }) => status !== 0).length, COUNT + 1].map(String),
  );
  const sum = (at: number) => lines.reduce((total, line) => total + Number(line[at]), 0);
  const number = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, " ");
  const known = `accounted ${number(sum(3))} of ${number(sum(1))} processes that ended since `;
  assert.ok(stderr.startsWith(`fh: ${known}`), stderr);
});

test(...unless(missing, "what runs on counts with what it has used so far"), async () => {
  const file = join(folder, "living.db");
  await using _recorder = await recordTo(file, "connector");
  const path = join(folder, "fh-burner");
  writeFileSync(path, "while :; do :; done\n");
  await using burner = Running.start(["sh", path]);
  const used = () => {
    const line = readFileSync(`/proc/${burner.pid}/stat`, "latin1");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ").map(Number);
    return (fields[11]! + fields[12]!) * 1e7;
  };
  await until(() => used() > 3e8);
  const least = used();
  const ask = (...args: string[]) => {
    const { stdout } = runFh(["account", "--json", "--db", file, "-c", "fh-burner", ...args]);
    const [row] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    return row;
  };
  const row = ask();
  const most = used();
  assert.deepEqual([row.processes, row.living], [0, 1]);
  const ns = row.user_ns + row.system_ns;
  assert.ok(ns >= least && ns <= most, `${least} <= ${ns} <= ${most}`);
  const text = runFh(["account", "--db", file, "-c", "fh-burner"]);
  assert.match(text.stderr, /with the CPU time of 1 that still run/);
  assert.match(text.stdout, /LIVING.*\n +0 +0 +1 /);
});
