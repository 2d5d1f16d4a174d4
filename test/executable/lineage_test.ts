/** What fh tells of families in the past is what the program that made them wrote down. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ExitEvent } from "../../src/library.ts";
import { type Member, Truth } from "../support/lineage.ts";
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
  untilEnded,
  untilReaped,
  why,
} from "../support/questions.ts";
import type { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const FAMILIES = ["double-fork", "daemon", "subreaper", "setsid=6", "tree=3", "stages"];
/** Those of a poller live long enough to be seen one by one: as many would take a minute. */
const GENERATIONS = { connector: 10_000, poll: 3000 };
/** What the poller must see lives so long; of a long chain no link may end before it has looked. */
const SEEN_MS = 200;
const CHAIN_MS = 120;

/** What was recorded of one run of the program. */
interface Recorded {
  readonly source: Source;
  readonly db: string;
  readonly truth: Truth;
  /** What the log has of the program and of what descends from it. */
  readonly events: readonly TaskEvent[];
  /** Their ids, by pid. */
  readonly ids: ReadonlyMap<number, string>;
}

const folder = mkdtempSync(join(tmpdir(), "fh-lineage-"));
chmodSync(folder, 0o755);
const recorders: Running[] = [];
after(async () => {
  for (const recorder of recorders) await recorder[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Records a run of the program; the recorder goes on. */
async function record(source: Source, phases: readonly string[], ms: number): Promise<Recorded> {
  const [db, path] = ["db", "truth"].map((end) => join(folder, `${recorders.length}.${end}`));
  recorders.push(await recordTo(db!, source));
  await run(program("lineage")!, [path!, `${source === "poll" ? ms : 0}`, ...phases]);
  const truth = Truth.read(path!);
  await untilEnded(db!, truth);
  const events = await familyOf(db!, truth);
  const ids = new Map(events.map(({ pid, id }) => [pid, id]));
  return { source, db: db!, truth, events, ids };
}

/** What the log has of the program and all that descends from it; pids may be used again soon. */
async function familyOf(db: string, { program: { pid, start } }: Truth): Promise<TaskEvent[]> {
  const since = seconds(start - SOONER_MS);
  const found = await log(db, "-e", "fork,exec,exit", "-p", `${pid}`, "--since", since);
  // What the poller missed came and went elsewhere.
  const gaps = found.filter((event) => event.event === "gap" && event.reason !== "missed");
  assert.deepEqual(gaps, []);
  const events = found.filter((event): event is TaskEvent => "pid" in event);
  const ids = new Set([events.find((event) => event.event === "fork" && event.pid === pid)!.id]);
  for (const { parent, id } of events) if (parent !== null && ids.has(parent)) ids.add(id);
  return events.filter(({ id }) => ids.has(id));
}

/** Makes something once, when it is first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => made ??= make();
}

const pidsOf = (members: readonly { readonly pid: number }[]) => members.map(({ pid }) => pid);
const SIGNALS = new Map([[15, "SIGTERM"]]);
const signalOf = ({ signal }: Member) => signal === null ? null : SIGNALS.get(signal);

/** Everything that the log has of a family is true, and nothing is missing. */
function checkLog({ truth, events }: Recorded): void {
  const { program, members } = truth;
  const of = (kind: string) => events.filter(({ event }) => event === kind);
  const byPid = new Map(of("fork").map((event) => [event.pid, event]));
  assert.deepEqual(pidsOf(of("fork")).toSorted(), pidsOf(members).toSorted(), "forks");
  assert.deepEqual(pidsOf(of("exit")).toSorted(), pidsOf(members).toSorted(), "exits");
  const exits = new Map(of("exit").map((event) => [event.pid, event as ExitEvent]));
  for (const member of members) {
    const { exit_code, signal, ppid, parent } = exits.get(member.pid)!;
    const label = JSON.stringify(exits.get(member.pid));
    assert.deepEqual({ exit_code, signal }, { exit_code: member.code, signal: signalOf(member) });
    assert.equal(ppid, member.ppid, label);
    if (member !== program) assert.equal(parent, byPid.get(ppid)!.id, label);
  }
  const execs = of("exec").filter(({ argv }) => argv?.[0] === "fh-worker");
  const workers = [truth.one("daemon", "worker"), truth.one("stages", "third")];
  assert.deepEqual(pidsOf(execs), pidsOf(workers));
  const times = events.map(({ time }) => time);
  assert.deepEqual(times, times.toSorted(), "in the order of time");
}

/** The chain of everybody leads over the true parents to the program. */
async function checkWhy({ db, source, truth, ids }: Recorded): Promise<void> {
  const asked = truth.members.filter(({ phase }) => phase !== "tree");
  for (const member of [...asked, ...truth.all("tree", "node").slice(-2)]) {
    const chain = await why(db, ids.get(member.pid)!);
    const expected = truth.chain(member);
    assert.deepEqual(pidsOf(chain).slice(0, expected.length), pidsOf(expected));
    const [shown] = chain;
    assert.deepEqual([shown!.exit_code, shown!.signal], [member.code, signalOf(member)]);
    assert.equal(shown!.state, "exited");
    chain.slice(0, -1).forEach(({ parent }, at) => assert.equal(parent, chain[at + 1]!.id));
    if (member === truth.program) continue;
    // Of the dead only the connector tells under whom they died; zombies are there to be asked.
    const known = source === "connector" || shown!.reaper !== null;
    assert.equal(shown!.reaper, known ? member.reaper : null, JSON.stringify(member));
  }
}

/** What is remarkable about a family is noted beside its members. */
async function checkNotes({ db, source, truth, ids }: Recorded): Promise<void> {
  // A zombie has ended, and is there.
  await untilReaped(pidsOf(truth.members));
  const note = async (phase: string, role: string) => {
    const member = truth.one(phase, role);
    const [{ notes } = { notes: [] }] = await why(db, ids.get(member.pid)!);
    return notes.map((text) =>
      text.replace(/ended [\d.]+(?:us|ms|s) later/, "ended").replaceAll(`${member.ppid}`, "P")
        .replace(`adopted by ${member.reaper}`, "adopted by R")
    );
  };
  const adopted = source === "connector" ? ", adopted by R" : "";
  assert.deepEqual(await note("double-fork", "orphan"), [
    `left by a double fork: P ended${adopted}`,
  ]);
  assert.deepEqual(await note("daemon", "daemon"), [`left by a double fork: P ended${adopted}`]);
  assert.deepEqual(await note("subreaper", "orphan"), [`left by a double fork: P ended${adopted}`]);
  assert.deepEqual(await note("double-fork", "middle"), []);
  assert.deepEqual(await note("setsid", "leader"), []);
}

/** A tree as text: `pid(child child(grandchild))`. */
function outline({ pid, children }: Shown): string {
  return children.length === 0 ? `${pid}` : `${pid}(${children.map(outline).join(" ")})`;
}

/** The tree that the truth makes of some members. */
function trueOutline(truth: Truth, member: Member, some: readonly Member[]): string {
  const children = truth.children(member).filter((child) => some.includes(child));
  if (children.length === 0) return `${member.pid}`;
  return `${member.pid}(${children.map((child) => trueOutline(truth, child, some)).join(" ")})`;
}

async function treeOf(db: string, ...args: string[]): Promise<Shown> {
  const [top] = await ask<Shown>(db, "tree", "--descendants", ...args);
  return top!;
}

/** The whole tree, and that of each family's top. */
async function checkTree({ db, truth, ids }: Recorded): Promise<void> {
  const { program, members } = truth;
  const outer = truth.one("subreaper", "outer");
  for (const top of [program, outer]) {
    const tree = await treeOf(db, ids.get(top.pid)!);
    assert.equal(outline(tree), trueOutline(truth, top, members));
  }
  const inTime = await treeOf(db, `${outer.pid}@${seconds(outer.start)}`);
  assert.equal(outline(inTime), trueOutline(truth, outer, members));
}

/** At each mark those are shown who lived then, as they were then. */
async function checkMarks({ db, truth }: Recorded): Promise<void> {
  const { marks } = truth;
  const third = truth.one("stages", "third");
  const seen: string[] = [];
  for (const moment of marks) {
    const top = await treeOf(db, `${truth.program.pid}`, "--at", seconds(moment));
    assert.equal(outline(top), trueOutline(truth, truth.program, truth.at(moment)));
    assert.equal(top.state, "running");
    for (const child of top.children) {
      assert.deepEqual([child.state, child.ended, child.exit_code], ["running", null, null]);
      if (child.pid === third.pid) seen.push(child.argv![0]!);
    }
  }
  assert.equal(marks.length, 4);
  assert.deepEqual(seen, [program("lineage")!, "fh-worker"]);
}

/** Between two marks those are shown who lived at any time of it, with how they ended. */
async function checkStretch({ db, truth }: Recorded): Promise<void> {
  const { program, marks } = truth;
  for (const [from, to] of [[0, 1], [1, 2], [2, 3], [0, 3]] as const) {
    const [since, until] = [marks[from]!, marks[to]!];
    const lived = truth.members.filter(({ start, end }) => start <= until && end >= since);
    const args = ["--since", seconds(since), "--until", seconds(until)];
    const top = await treeOf(db, `${program.pid}`, ...args);
    assert.equal(outline(top), trueOutline(truth, program, lived));
    for (const child of top.children) {
      const { code } = truth.members.find(({ pid }) => pid === child.pid)!;
      assert.deepEqual([child.state, child.exit_code], ["exited", code]);
    }
  }
}

/** A chain of dead processes as long as it is, seen from both of its ends. */
async function checkGenerations({ source, db, truth, ids, events }: Recorded): Promise<void> {
  const { members, program } = truth;
  const last = members.at(-1)!;
  const generations = GENERATIONS[source];
  assert.equal(members.length, generations + 1);
  const chain = await why(db, ids.get(last.pid)!);
  assert.deepEqual(pidsOf(chain).slice(0, members.length), pidsOf(members).reverse());
  const codes = chain.slice(0, members.length).map(({ exit_code }) => exit_code);
  assert.deepEqual(codes, members.map(({ code }) => code).reverse());
  const line: number[] = [];
  let at: Shown | undefined = await treeOf(
    db,
    ids.get(program.pid)!,
    "--limit",
    `${2 * generations}`,
  );
  for (; at !== undefined; at = at.children[0]) {
    assert.ok(at.children.length <= 1);
    line.push(at.pid);
  }
  assert.deepEqual(line, pidsOf(members));
  const exits = events.filter(({ event }) => event === "exit");
  assert.deepEqual(pidsOf(exits).toSorted(), pidsOf(members).toSorted());
}

for (const source of ["connector", "poll"] as const) {
  const missing = programsMissing ?? (source === "connector" ? connectorMissing : null);
  const families = once(() => record(source, FAMILIES, SEEN_MS));
  const checks: readonly [string, (recorded: Recorded) => void | Promise<void>][] = [
    ["fh log has every process once, with its end and its true parent", checkLog],
    ["fh why leads from everybody to the program, over the dead", checkWhy],
    ["fh why notes double forks", checkNotes],
    ["fh tree is the true tree", checkTree],
    ["fh tree --at shows who lived then, as they were", checkMarks],
    ["fh tree --since --until shows who lived in between", checkStretch],
  ];
  for (const [name, check] of checks) {
    test(...unless(missing, `${source}: ${name}`), async () => await check(await families()));
  }
  const generations = GENERATIONS[source];
  test(
    ...unless(missing, `${source}: a chain of ${generations} generations is whole`),
    async () => {
      await checkGenerations(await record(source, [`generations=${generations}`], CHAIN_MS));
    },
  );
}
