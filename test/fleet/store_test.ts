/** A fleet answers what the histories of its hosts answer, with their names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChangeQuery, Missing, PastStore } from "../../src/ask/store.ts";
import { FORMERS } from "../../src/fleet/rows.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { History } from "../../src/history/history.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import type { ChangeKind } from "../../src/model/machine.ts";
import { Breath } from "../../src/steps.ts";
import { account, exec, exit, fork, gap, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const { signal } = new AbortController();

/** A host whose history has `count` programs below a shell that has ended, and one that runs. */
function recorded(count: number, step: number, boot = PAST_BOOT): TestRecorder {
  const recorder = new TestRecorder(undefined, { bootId: boot });
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 50, 1), exec(2 * S + 1e6, 50, "/bin/sh", "x.sh"));
  // Who runs something else, long after its start.
  const all: SourceEvent[] = [70, 71].flatMap((pid, i) => [
    fork(2.1 * S + i, pid, 1),
    ...[2.2, 200, 340].map((at, nth) => exec(at * S + i, pid, `/usr/bin/late${nth}`)),
  ]);
  all.push(exit(345 * S, 70, 0));
  for (let i = 0; i < count; i++) {
    const [at, pid] = [(3 + i * step) * S, 1000 + i];
    const name = i % 7 === 0 ? "/usr/bin/curl" : "/bin/true";
    all.push(fork(at, pid, 50), exec(at + 1e6, pid, name, `n${i % 20}`));
    all.push(account(at + 2e8, pid, { userUs: i, cpuNs: i * 1000 }));
    all.push(exit(at + 2e8, pid, i % 5 === 0 ? 256 : 0));
  }
  const end = (4 + count * step) * S;
  all.push(gap(end - S, 12), exit(end, 50, 0), fork(end, 60, 1), exec(end + 1e6, 60, "/bin/long"));
  return recorder.tell(...all.sort((a, b) => a.time - b.time)).end();
}

async function open(hosts: string): Promise<FleetStore> {
  return await FleetStore.open({
    ...{ url: fleet.server.url("reader"), hosts, env: {}, signal },
    breath: new Breath(signal),
  });
}

const LATER_BOOT = "aaaaaaaa-1111-4222-8333-555555555555";
const LAST_BOOT = "bbbbbbbb-1111-4222-8333-666666666666";
const OTHER_BOOT = "99999999-1111-4222-8333-444444444444";
const hosts = missing === null ? { a: recorded(700, 0.5), b: recorded(30, 10, OTHER_BOOT) } : null!;
const made = missing === null
  ? (async () => {
    await fleet.init("a", "b");
    for (const [name, recorder] of Object.entries(hosts)) await fleet.ship(recorder.path, name);
    return { a: storeOf(new History(hosts.a.path)), b: storeOf(new History(hosts.b.path)) };
  })()
  : null!;

function query(given: Partial<ChangeQuery>): ChangeQuery {
  return {
    kinds: new Set<ChangeKind>(["fork", "exec", "exit"]),
    ...{ backwards: false, accepts: () => true, ofImage: null, sought: null, pids: null },
    ...{ minDuration: null, failed: false, lineage: null, few: false, kept: false },
    ...given,
  };
}

async function log(store: PastStore, given: Partial<ChangeQuery>): Promise<string[]> {
  const lines: string[] = [];
  const spans = store.bounds.all();
  for await (const [change, boot] of store.log(spans, query(given))) {
    const { kind, time, process, a } = change;
    const parent = process?.parent?.id ?? process?.ppid;
    const about = process === null ? a : `${process.id} ${parent} ${process.image.comm} ` +
      `${process.image.argv} ${process.status} ${process.uid}`;
    lines.push(`${kind} ${boot.moment(time)} ${about}`);
  }
  return lines;
}

for (const backwards of [false, true]) {
  const way = backwards ? "backwards" : "forwards";
  test(...unless(missing, `the log of a host is that of its history, ${way}`), async () => {
    const stores = await made;
    for (const name of ["a", "b"] as const) {
      const its = await open(name);
      const curl = { in: "command line", literals: ["curl"] } as const;
      const isCurl: ChangeQuery["accepts"] = ({ process }) => process?.image.comm === "curl";
      const short = { in: "name", literals: ["true", "long"] } as const;
      const isShort: ChangeQuery["accepts"] = ({ process }) =>
        ["true", "long"].includes(process?.image.comm ?? "");
      const isLong: ChangeQuery["accepts"] = ({ process }) => (process?.durationNs ?? 0) >= S;
      for (
        const given of [
          { backwards },
          { backwards, kinds: EXITS, failed: true },
          {
            backwards,
            sought: curl,
            accepts: isCurl,
            kinds: new Set<ChangeKind>(["exec", "exit"]),
          },
          { backwards, sought: curl, accepts: isCurl, kinds: EXITS },
          { backwards, sought: short, accepts: isShort, kinds: EXITS },
          { backwards, minDuration: S, accepts: isLong },
        ]
      ) {
        const expected = await log(stores[name], given);
        assert.ok(expected.length > 0);
        assert.deepEqual(await log(its, given), expected);
      }
      its.close();
    }
  });
}

test(...unless(missing, "many hosts are told in the order of time"), async () => {
  const stores = await made;
  const both = await open("*");
  assert.deepEqual(both.hosts.sort(), ["a", "b"]);
  const told = await log(both, {});
  const moments = told.map((line) => Number(line.split(" ")[1]));
  assert.deepEqual(moments, moments.toSorted((x, y) => x - y));
  const each = [...await log(stores.a, {}), ...await log(stores.b, {})];
  assert.deepEqual(told.toSorted(), each.sort());
  const curl = { sought: { in: "command line", literals: ["curl"] }, kinds: EXITS } as const;
  const accepts: ChangeQuery["accepts"] = ({ process }) => process?.image.comm === "curl";
  const some = await log(both, { ...curl, accepts });
  assert.equal(some.length, 105);
  const latest = (await both.family().lastNamed("long", true))!;
  assert.deepEqual([latest.pid, latest.boot.host], [60, "a"]);
  assert.equal((await both.family().lastNamed("x.sh", true))?.pid, 50);
  assert.equal(await both.family().lastNamed("none", true), null);
  both.close();
});

test(...unless(missing, "a boot that has come since a fleet was opened is not told"), async () => {
  await made;
  for (const glob of ["*", "b"]) {
    const before = await open(glob);
    const next = glob === "*" ? LATER_BOOT : LAST_BOOT;
    using again = recorded(3, 1, next);
    await fleet.ship(again.path, "b");
    const isNext = (line: string) => line.includes(next.slice(0, 8));
    assert.equal((await log(before, {})).filter(isNext).length, 0);
    const now = await open(glob);
    assert.ok((await log(now, {})).filter(isNext).length > 0);
    for (const store of [before, now]) store.close();
  }
});

test(...unless(missing, "a chain is that of the host, its ancestors all there"), async () => {
  const stores = await made;
  const its = await open("a");
  const chain = async (store: PastStore) => {
    const family = store.family({ processes: [], bootId: "", startTicks: () => null });
    const [past] = await family.past(1003);
    const line: string[] = [];
    for (let at = (await family.of(past!)) ?? null; at !== null; at = at.parent!) {
      line.push(`${at.id} ${at.image.argv} ${at.status} ${at.durationNs}`);
    }
    return { line, cost: await store.accountOf(past!), came: await store.came(past!) };
  };
  const [there, here] = [await chain(its), await chain(stores.a)];
  assert.equal(here.line.length, 3);
  assert.deepEqual(there, here);
  assert.equal((await its.family().lastNamed("x.sh", true))?.pid, 50);
  const family = its.family();
  const shell = await family.of((await family.past(50))[0]!);
  assert.equal((await family.deadBelow(shell, 10_000)).dead.length, 700);
  its.close();
});

test(
  ...unless(missing, "sums are those of the history, by whatever they are asked for"),
  async () => {
    const stores = await made;
    const its = await open("a");
    for (const by of ["command", "user", "exit", "parent", "unit"] as const) {
      for (const failed of [false, true]) {
        const asked = {
          ...{ by, failed, minDuration: null, ofImage: null, sought: null, below: null },
          living: null,
        };
        const sums = async (store: PastStore) => {
          const found = await store.costs(store.bounds.all(), asked);
          return found.map((one) => JSON.stringify(one)).sort();
        };
        const here = await sums(stores.a);
        assert.ok(here.length > 0);
        assert.deepEqual(await sums(its), here, `by ${by}, failed ${failed}`);
      }
    }
    its.close();
  },
);

test(...unless(missing, "what is missing of a host is told"), async () => {
  const stores = await made;
  const its = await open("a");
  const words = async (store: PastStore) => {
    const found = await store.missing(store.bounds.all());
    return found.map(({ reason, lost, gaps }) => ({ reason, lost, gaps }));
  };
  assert.deepEqual(await words(its), await words(stores.a));
  its.close();
  const both = await open("*");
  const [{ since, until }] = await both.missing(both.bounds.all()) as [Missing];
  assert.ok(
    since.boot.moment(since.ns) < until.boot.moment(until.ns),
    "from the first to the last",
  );
  both.close();
  for (const recorder of Object.values(hosts)) recorder[Symbol.dispose]();
});

test(
  ...unless(missing, "what many lives ran before is found by each life, not by its boot"),
  async () => {
    await made;
    // One busy host among three, where one life has run much: what belongs together there, the
    // server takes for chance.
    fleet.server.ask(`INSERT INTO fh.former (host, boot, life, until, since, image)
      SELECT h, h, CASE WHEN i % 500 = 0 THEN 0 ELSE (i::bigint / 4 * 7919 % 21250) << 25 END, i, i,
        gen_random_uuid() FROM generate_series(0, 84999) i,
        LATERAL (SELECT CASE WHEN i < 69000 THEN 1 WHEN i < 77000 THEN 2 ELSE 3 END) k (h);
      ANALYZE fh.former`);
    const lives = Array.from({ length: 18_000 }, (_, at) => String(at * 2 ** 25));
    const ones = lives.map(() => 1);
    const plan = await fleet.as("reader", async (db) => {
      return (await db.rows<[string]>(`EXPLAIN ${FORMERS}`, [ones, ones, lives])).join("\n");
    });
    const found = plan.split("\n").filter((line) => /Cond:/.test(line));
    assert.ok(found.length > 0 && found.every((line) => /life/.test(line)), plan);
  },
);
