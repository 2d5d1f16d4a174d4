import assert from "node:assert/strict";
import { test } from "node:test";
import { Account } from "../../src/model/account.ts";
import { Process } from "../../src/model/process.ts";
import { IDLE_EVERY, IDLE_LOOKS, TopModel, type Used } from "../../src/top/model.ts";
import { placeRows } from "../../src/top/order.ts";
import type { TopRow } from "../../src/top/row.ts";

const S = 1e9;
const NAMES = new Map<Process, string>();

function life(pid: number, start: number, name: string, parent: Process | null = null): Process {
  const process = new Process(pid, start, 0);
  process.start = start;
  process.state = "running";
  process.parent = parent;
  NAMES.set(process, name);
  return process;
}

function over(process: Process, end: number, status: number, cpuNs: number | null): void {
  process.state = "exited";
  process.end = end;
  process.status = status;
  if (cpuNs === null) return;
  process.account = new Account();
  process.account.cpuNs = cpuNs;
  process.accounted = true;
}

/** A model of processes whose figures a test sets. */
function world(key: "command" | "subtree" = "command") {
  const used = new Map<Process, Used>();
  const reads: Process[] = [];
  const model = new TopModel(
    {
      read(process) {
        reads.push(process);
        return used.get(process) ?? null;
      },
      valuesOf: (process) => NAMES.has(process) ? [NAMES.get(process)!] : [],
      isAccounted: true,
      concerns: () => true,
      isFailure: (status) => status !== 0,
    },
    key,
    0,
  );
  return { model, used, reads };
}

function byName(rows: readonly TopRow[], name: string): TopRow {
  const row = rows.find(({ group }) => group === name || NAMES.get(group as Process) === name);
  assert.ok(row !== undefined, name);
  return row;
}

test("the living cost what they have used since the look before, as percent of a CPU", () => {
  const { model, used } = world();
  const [a, b] = [life(1, -5 * S, "a"), life(2, -5 * S, "a")];
  used.set(a, { cpuNs: 10 * S, bytes: 100 }).set(b, { cpuNs: 0, bytes: 50 });
  assert.equal(byName(model.look([a, b], 1 * S), "a").cpu, 0);
  used.set(a, { cpuNs: 10.5 * S, bytes: 200 }).set(b, { cpuNs: 2 * S, bytes: 50 });
  const row = byName(model.look([a, b], 2 * S), "a");
  assert.equal(row.cpu, 250);
  assert.equal(row.memory, 250);
  assert.equal(row.living, 2);
  assert.equal(row.process, b);
  assert.deepEqual(row.minute, [0, 250]);
});

test("what ended costs what its account has beyond what was seen", () => {
  const { model, used } = world();
  const old = life(1, -5 * S, "old");
  used.set(old, { cpuNs: 3 * S, bytes: 1 });
  model.look([old], 1 * S);
  const young = life(2, 1.1 * S, "young");
  model.note({ kind: "fork", process: young });
  over(young, 1.2 * S, 256, 0.05 * S);
  model.note({ kind: "exit", process: young });
  over(old, 1.9 * S, 0, 3.25 * S);
  model.note({ kind: "exit", process: old });
  const rows = model.look([], 2 * S);
  assert.equal(byName(rows, "old").cpu, 25);
  assert.equal(byName(rows, "old").short, 0);
  const row = byName(rows, "young");
  assert.deepEqual([Math.round(row.cpu), row.started, row.failed, row.short], [5, 1, 1, 1]);
  assert.equal(row.endedAt, 2 * S);
  assert.equal(model.unaccounted, 0);
});

test("an end without an account is counted, not guessed", () => {
  const { model } = world();
  const gone = life(1, 0.5 * S, "gone");
  over(gone, 0.7 * S, 0, null);
  model.note({ kind: "exit", process: gone });
  assert.equal(byName(model.look([], S), "gone").cpu, 0);
  assert.equal(model.unaccounted, 1);
});

test("rows of what has ended stay for ten seconds, without a process", () => {
  const { model, used } = world();
  const a = life(1, 0, "a");
  used.set(a, { cpuNs: 0, bytes: 0 });
  model.look([a], S);
  over(a, 1.5 * S, 0, 0);
  model.note({ kind: "exit", process: a });
  assert.equal(byName(model.look([], 2 * S), "a").process, null);
  assert.equal(byName(model.look([], 12 * S), "a").endedAt, 2 * S);
  assert.deepEqual(model.look([], 12.1 * S), []);
});

test("what is idle is read at every fourth look only, and its work is seen then", () => {
  const { model, used, reads } = world();
  const a = life(8, -S, "a");
  used.set(a, { cpuNs: 0, bytes: 0 });
  for (let look = 1; look <= 20; look++) model.look([a], look * S);
  assert.ok(reads.length <= 1 + IDLE_LOOKS + 20 / IDLE_EVERY, String(reads.length));
  used.set(a, { cpuNs: 4 * S, bytes: 0 });
  let late = 0;
  while (byName(model.look([a], (21 + late) * S), "a").cpu === 0) late++;
  assert.ok(late < IDLE_EVERY, String(late));
});

test("a subtree is a process and all below it, also what a dead one has left", () => {
  const { model, used } = world("subtree");
  const top = life(1, -9 * S, "top");
  const between = life(2, -8 * S, "between", top);
  over(between, -7 * S, 0, 0);
  const below = life(3, -6 * S, "below", between);
  used.set(top, { cpuNs: 0, bytes: 1 }).set(below, { cpuNs: 0, bytes: 2 });
  model.look([top, below], S);
  used.set(below, { cpuNs: S, bytes: 2 });
  const rows = model.look([top, below], 2 * S);
  assert.equal(rows.length, 2);
  assert.deepEqual([byName(rows, "top").cpu, byName(rows, "top").memory], [100, 3]);
  const textOf = (row: TopRow) => NAMES.get(row.group as Process)!;
  const order = { key: "subtree", sort: "cpu", isReversed: false, filter: "" } as const;
  const open = placeRows(rows, { ...order, open: new Set() }, textOf);
  assert.deepEqual(open.map(({ row, depth }) => [textOf(row), depth]), [["top", 0], ["below", 1]]);
  assert.equal(placeRows(rows, { ...order, open: new Set([top]) }, textOf).length, 1);
  const found = placeRows(rows, { ...order, filter: "BEL", open: new Set() }, textOf);
  assert.deepEqual(found.map(({ row }) => textOf(row)), ["below"]);
});

test("rows are sorted by any column, either way, the ended last", () => {
  const { model, used } = world();
  const processes = ["b", "a", "c"].map((name, at) => life(at + 1, -S, name));
  processes.forEach((process, at) => used.set(process, { cpuNs: 0, bytes: at }));
  const gone = life(9, 0.1 * S, "0");
  over(gone, 0.2 * S, 0, 0);
  model.note({ kind: "exit", process: gone });
  const rows = model.look(processes, S);
  const textOf = ({ group }: TopRow) => String(group);
  const names = (sort: "name" | "memory", isReversed: boolean) => {
    const order = { key: "command", sort, isReversed, filter: "", open: new Set<never>() } as const;
    return placeRows(rows, order, textOf).map(({ row }) => row.group).join("");
  };
  assert.equal(names("name", false), "abc0");
  assert.equal(names("name", true), "cba0");
  assert.equal(names("memory", false), "cab0");
});

test("who cannot be read twice is hidden; who once, may have ended", () => {
  const { model } = world();
  const a = life(1, -5 * S, "a");
  model.look([a], 1 * S);
  assert.equal(model.hidden, 0);
  model.look([a], 2 * S);
  assert.equal(model.hidden, 1);
});

test("an end whose account is still to come counts at the next look", () => {
  const { model } = world();
  model.look([], 1 * S);
  const a = life(1, 1.1 * S, "a");
  over(a, 1.9 * S, 0, null);
  model.note({ kind: "fork", process: a });
  model.note({ kind: "exit", process: a });
  assert.equal(byName(model.look([], 2 * S), "a").cpu, 0);
  assert.equal(model.unaccounted, 0);
  over(a, 1.9 * S, 0, 0.5 * S);
  assert.equal(byName(model.look([], 3 * S), "a").cpu, 50);
  // What comes later than that is not waited for.
  const b = life(2, 3.1 * S, "b");
  over(b, 3.2 * S, 0, null);
  model.note({ kind: "exit", process: b });
  model.look([], 4 * S);
  assert.equal(model.unaccounted, 1);
  model.look([], 5 * S);
  assert.equal(model.unaccounted, 0);
});

test("a process of several values counts for each, and one of none for a dash", () => {
  const used = new Map<Process, Used>();
  const jobs = new Map<Process, readonly string[]>();
  const model = new TopModel(
    {
      read: (process) => used.get(process) ?? null,
      valuesOf: (process) => jobs.get(process) ?? [],
      concerns: ({ pid }) => pid !== 9,
      isAccounted: false,
      isFailure: () => false,
    },
    "job",
    0,
  );
  const [a, b, other] = [life(1, -S, "a"), life(2, -S, "b"), life(9, -S, "other")];
  jobs.set(a, ["nightly", "all"]);
  for (const one of [a, b, other]) used.set(one, { cpuNs: 0, bytes: 10 });
  const rows = model.look([a, b, other], S);
  assert.deepEqual(rows.map(({ group, living }) => [group, living]), [
    ...[["nightly", 1], ["all", 1], ["-", 1]],
  ]);
});

test("below who is asked for, a subtree begins where nothing above has a row", () => {
  const [above, root, child] = [life(1, 0, "above"), life(2, 0, "root"), life(3, 0, "child")];
  root.parent = above;
  child.parent = root;
  const row = (group: Process) => ({ group, cpu: 0, memory: 0, endedAt: null }) as TopRow;
  const order = { key: "subtree", sort: "cpu", isReversed: false, filter: "" } as const;
  const placed = placeRows([row(child), row(root)], { ...order, open: new Set() }, () => "");
  assert.deepEqual(placed.map(({ row: { group }, depth }) => [group, depth]), [
    ...[[root, 0], [child, 1]],
  ]);
});
