/** A recorder that ends and begins again, or opens its file again, and what follows its file. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ExitEvent, GapEvent, WatchEvent } from "../../src/library.ts";
import { parseTruth, type Task } from "../bench/support/truth.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
import { Truth } from "../support/lineage.ts";
import { connectorMissing, run, type TaskEvent } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import {
  ask,
  log,
  recordTo,
  seconds,
  type Shown,
  SOONER_MS,
  type Source,
  statusOf,
  untilEnded,
  untilKnown,
  untilReaped,
  why,
} from "../support/questions.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** What the poller must see lives so long. */
const LIFE_MS = { connector: "0", poll: "40" } as const;
/** Loads of load.c for each source: what lives shortly, and what executes a program. */
const LOADS = {
  connector: ["vfork,count=4000", "spawn,count=400"],
  poll: ["fork,count=300,rate=150,life=150000"],
} as const;

const folder = temporaryFolder("fh-again-");

/** The phase "paused" of lineage.c: a family that waits to be told to go on. */
class Family implements AsyncDisposable {
  readonly program: Running;
  readonly #path: string;

  private constructor(source: Source) {
    this.#path = join(mkdtempSync(join(folder, "family-")), "truth");
    this.program = Running.start([program("lineage")!, this.#path, LIFE_MS[source], "paused"]);
  }

  /** Starts it; it waits when forker has left stays and ends behind, and a history knows them. */
  static async start(source: Source, db: string): Promise<Family> {
    const family = new Family(source);
    const { pid } = family.program;
    await family.program.wrote("born");
    const forkers = `SELECT pid FROM process WHERE ppid = ${pid} AND state = 'exited'`;
    await untilKnown(db, 2, `ppid IN (${forkers}) AND state = 'running'`);
    return family;
  }

  /** All members that a history knows. */
  async members(db: string): Promise<Shown[]> {
    const [top] = await ask<Shown>(db, "tree", "--descendants", `${this.program.pid}`);
    const all = [top!];
    for (const { children } of all) all.push(...children);
    assert.equal(new Set(all.map(({ pid }) => pid)).size, all.length, "each is there once");
    return all;
  }

  /** Their ids by pid. */
  async ids(db: string): Promise<Map<number, string>> {
    return new Map((await this.members(db)).map(({ pid, id }) => [pid, id]));
  }

  /** Ends "ends", and lets "unseen" come and go and "late" begin. */
  async change(): Promise<void> {
    this.program.tell("go");
    await this.program.wrote("changed");
  }

  /** Lets all end; the truth. */
  async finish(): Promise<Truth> {
    this.program.tell("go");
    const { status, stderr } = await this.program.end();
    assert.equal(status, 0, stderr);
    return Truth.read(this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

const pidsOf = (members: readonly { readonly pid: number }[]) => members.map(({ pid }) => pid);

function gapsOf(events: readonly WatchEvent[], reason: string): GapEvent[] {
  return events.filter((event): event is GapEvent =>
    event.event === "gap" && event.reason === reason
  );
}

async function restart(source: Source): Promise<void> {
  const db = join(folder, `${source}.db`);
  const began = Date.now();
  const first = await recordTo(db, source);
  await using family = await Family.start(source, db);
  const ids = await family.ids(db);
  // One ends in good order, one is killed.
  await first.end(source === "poll" ? "SIGTERM" : "SIGKILL");
  await first[Symbol.asyncDispose]();
  const pause = Date.now();
  await family.change();
  await untilReaped([...ids.keys()]);
  const states = (await family.members(db)).map(({ state }) => state);
  assert.deepEqual(states.toSorted(), ["exited", "running", "running", "running", "unknown"]);
  await using second = await recordTo(db, source);
  const back = Date.now();
  await untilKnown(db, 1, `state = 'unknown' AND pid IN (${[...ids.keys()].join()})`);
  const truth = await family.finish();
  const { program } = truth;
  const [forker, stays] = [truth.one("paused", "forker"), truth.one("paused", "stays")];
  const [ends, late] = [truth.one("paused", "ends"), truth.one("paused", "late")];
  const [unseen] = [truth.one("paused", "unseen")];
  await untilKnown(db, 3, `state = 'exited' AND pid IN (${[stays, late, program].map(pidOf)})`);

  const chain = await why(db, ids.get(stays.pid)!);
  assert.deepEqual(pidsOf(chain).slice(0, 3), pidsOf([stays, forker, program]));
  assert.deepEqual(
    chain.slice(0, 3).map(({ id, exit_code }) => [id, exit_code]),
    [stays, forker, program].map(({ pid, code }) => [ids.get(pid), code]),
  );
  assert.equal(chain[0]!.reaper, stays.reaper);
  assert.match(chain[0]!.notes.join(), new RegExp(`adopted by ${stays.reaper}$`));
  const [ended] = await why(db, ids.get(ends.pid)!);
  assert.deepEqual([ended!.state, ended!.ended, ended!.exit_code], ["unknown", null, null]);
  assert.equal(ended!.parent, ids.get(forker.pid));
  const later = await family.ids(db);
  assert.ok(!later.has(unseen.pid), "what came and went in the pause is not known");
  for (const [pid, id] of ids) assert.equal(later.get(pid), id, "ids stay");
  const [found, above] = await why(db, later.get(late.pid)!);
  assert.deepEqual([found!.exit_code, above!.id], [late.code, ids.get(program.pid)]);

  const events = await log(db, "--since", seconds(began - SOONER_MS));
  const [gap, ...more] = gapsOf(events, "not recording");
  assert.deepEqual(more, []);
  assert.equal(gap!.lost, null);
  const until = Date.parse(gap!.time);
  assert.ok(until >= pause && until <= back + 1, `${gap!.time} is not when it began again`);
  second.kill("SIGTERM");
  assert.equal((await second.end()).status, 0);
}

const pidOf = ({ pid }: { readonly pid: number }) => pid;

/** The file is moved away and another begun; then the same file is opened once more. */
async function reopen(source: Source): Promise<void> {
  const [db, old] = [join(folder, `${source}-hup.db`), join(folder, `${source}-hup-1.db`)];
  await using recorder = await recordTo(db, source);
  await using family = await Family.start(source, db);
  const ids = await family.ids(db);
  renameSync(db, old);
  recorder.kill("SIGHUP");
  await recorder.until(
    "another file",
    () => existsSync(db) && statusOf(db)["pid"] === recorder.pid,
  );
  assert.deepEqual([...await family.ids(db)], [...ids], "who lives, and the dead above them");
  await family.change();
  await untilKnown(db, 1, `ppid = ${family.program.pid} AND state = 'running'`);
  const { since } = statusOf(db);
  recorder.kill("SIGHUP");
  await recorder.until("another run", () => statusOf(db)["since"] !== since);
  const truth = await family.finish();
  await untilKnown(db, 1, `state = 'exited' AND pid = ${truth.program.pid}`);
  await recorder.end("SIGTERM");

  const later = await family.ids(db);
  const [chain, before] = await Promise.all(
    [db, old].map((path) => why(path, ids.get(truth.one("paused", "stays").pid)!)),
  );
  assert.deepEqual(chain!.slice(0, 3).map(({ id }) => id), before!.slice(0, 3).map(({ id }) => id));
  for (const role of ["forker", "stays", "ends", "unseen", "late"]) {
    const { pid, code } = truth.one("paused", role);
    if (role === "unseen" && source === "poll" && !later.has(pid)) continue;
    const [shown] = await why(db, later.get(pid)!);
    assert.deepEqual([shown!.state, shown!.exit_code], ["exited", code], role);
    if (ids.has(pid)) assert.equal(later.get(pid), ids.get(pid), role);
  }
  for (const path of [db, old]) assert.deepEqual(gapsOf(await log(path), "not recording"), []);
}

/** Runs loads; the truth of them. */
async function load(phases: readonly string[]): Promise<Task[]> {
  const path = join(mkdtempSync(join(folder, "load-")), "truth");
  const args = phases.flatMap((phase) => ["--phase", phase]);
  await run(program("load")!, ["--truth", path, ...args]);
  return parseTruth(readFileSync(path, "utf8"));
}

const isEnd = (event: WatchEvent): event is ExitEvent => event.event === "exit";

async function follow(source: Source): Promise<void> {
  const db = join(folder, `${source}-follow.db`);
  await using _recorder = await recordTo(db, source);
  await run("sh", ["-c", "sleep 0.05; exit 0 # fh-begin"]);
  await untilKnown(db, 1, "argv LIKE '%fh-begin%' AND state = 'exited'");
  await using follower = Running.start([
    ...[FH, "log", "-f", "--json", "-q", "--db", db, "--since", "10m ago"],
  ]);
  await follower.wrote("fh-begin");
  const began = Date.now();
  const tasks = await load(LOADS[source]);
  const { ppid } = tasks[0]!;
  await run("sh", ["-c", "sleep 0.05; exit 0 # fh-end"]);
  await follower.wrote("fh-end");
  // The poller learns late of what nobody reaps: what was missing would come now.
  await untilKnown(db, tasks.length, `ppid = ${ppid} AND state = 'exited'`);
  const ended = () => follower.events.filter(isEnd).filter((event) => event.ppid === ppid);
  await follower.until("all of the load", () => ended().length >= tasks.length);
  assert.equal((await follower.end("SIGINT")).status, 0);
  const code = ({ status }: Task) => status >> 8;
  const told = new Map(ended().map(({ pid, exit_code }) => [pid, exit_code]));
  assert.equal(ended().length, tasks.length, "no double");
  assert.deepEqual(new Map(tasks.map((task) => [task.pid, code(task)])), told);
  assert.deepEqual(gapsOf(follower.events, "overflow"), []);
  const events = await log(db, "--since", seconds(began));
  const ids = (all: readonly ExitEvent[]) => all.map(({ id, time }) => `${time} ${id}`).toSorted();
  assert.deepEqual(
    ids(events.filter(isEnd).filter((event) => event.ppid === ppid)),
    ids(ended()),
    "the log has the same",
  );
}

/** What a change is about, whoever tells of it. */
function essence(events: readonly WatchEvent[]): unknown[] {
  return events.filter(({ event }) => event === "fork" || event === "exec" || event === "exit")
    .map((event) => ({ ...event as TaskEvent, source: null }));
}

/** A part of a history answers like the whole, and plays back what the log lists. */
async function exportPart(): Promise<void> {
  const [db, part] = [join(folder, "whole.db"), join(folder, "part.db")];
  await using _recorder = await recordTo(db, "connector");
  const truths: Truth[] = [];
  for (const phases of [["double-fork"], ["daemon", "subreaper", "tree=2"]]) {
    const path = join(folder, `export-${truths.length}`);
    await run(program("lineage")!, [path, "5", ...phases]);
    truths.push(Truth.read(path));
    await untilEnded(db, truths.at(-1)!);
  }
  const [before, within] = truths.map((truth) => truth.program);
  const since = seconds(within!.start - 1);
  const done = runFh(["export", "--db", db, "--since", since, "-o", part]);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /^fh: exported \d+ processes\n$/);
  const again = runFh(["export", "--db", db, "--since", since, "-o", part]);
  assert.equal(again.status, 1, "nothing is written over");
  await untilReaped(truths.flatMap(({ members }) => pidsOf(members)));
  const pid = `${within!.pid}@${seconds(within!.start)}`;
  assert.deepEqual(
    await ask(part, "tree", "--descendants", pid),
    await ask(db, "tree", "--descendants", pid),
  );
  const orphan = truths[1]!.one("subreaper", "orphan");
  const [{ id } = { id: "" }] = await why(db, `${orphan.pid}@${seconds(orphan.start)}`);
  assert.deepEqual(pidsOf(await why(part, id)), pidsOf(await why(db, id)));
  assert.equal(runFh(["tree", `${before!.pid}@${seconds(before!.start)}`, "--db", part]).status, 3);
  await using player = Running.start([FH, "watch", "--source", "replay", "--json", "--db", part]);
  const { status, stderr } = await player.end();
  assert.equal(status, 0, stderr);
  const logged = await log(part, "-e", "fork,exec,exit", "-n", "1000000");
  assert.deepEqual(essence(player.events), essence(logged));
  const exits = logged.filter(isEnd).map(pidOf);
  for (const member of truths[1]!.members) assert.ok(exits.includes(member.pid), member.role);
}

for (const source of ["connector", "poll"] as const) {
  const missing = programsMissing ?? (source === "connector" ? connectorMissing : null);
  const cases: readonly [string, (source: Source) => Promise<void>][] = [
    ["what lives on when the recorder is restarted keeps its id and its dead parent", restart],
    ["SIGHUP goes on in another file, and in the same, without a gap", reopen],
    ["fh log --follow tells of each once while thousands come and go", follow],
  ];
  for (const [name, check] of cases) {
    test(...unless(missing, `${source}: ${name}`), async () => await check(source));
  }
}
test(
  ...unless(
    programsMissing ?? connectorMissing,
    "an export answers like the whole, and is played back as it was",
  ),
  exportPart,
);
