/** Hosts that are copies of one another, with one boot id, in one answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findTarget } from "../../src/ask/find.ts";
import { parseTarget } from "../../src/ask/text/target.ts";
import { CommandError } from "../../src/fault.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { Breath } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const { signal } = new AbortController();

/** Its first group is that of the copies, the rest is not. */
const NAMESAKE = `${PAST_BOOT.slice(0, 8)}-9999-4222-8333-444444444444`;
const OTHER = "99999999-1111-4222-8333-444444444444";
const BOOTS = { a: PAST_BOOT, b: PAST_BOOT, c: NAMESAKE, d: OTHER };

/** The same on each: init, a shell, and what that runs. */
function recorded(bootId: string): TestRecorder {
  const recorder = new TestRecorder(undefined, { bootId });
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 50, 1), exec(2 * S + 1e6, 50, "/bin/sh", "x.sh"));
  recorder.tell(fork(3 * S, 60, 50), exec(3 * S + 1e6, 60, "/bin/true"), exit(4 * S, 60, 0));
  return recorder.tell(exit(5 * S, 50, 0)).end();
}

const made = missing === null
  ? (async () => {
    await fleet.init(...Object.keys(BOOTS));
    for (const [name, bootId] of Object.entries(BOOTS)) {
      using recorder = recorded(bootId);
      await fleet.ship(recorder.path, name);
    }
  })()
  : null!;

async function open(hosts: string): Promise<FleetStore> {
  await made;
  return await FleetStore.open({
    ...{ url: fleet.server.url("reader"), hosts, env: {}, signal },
    breath: new Breath(signal),
  });
}

interface Told {
  readonly host: string;
  readonly id: string;
  readonly pid: number;
  readonly parent: string | null;
}

async function livesOf(store: FleetStore): Promise<Told[]> {
  const found: Told[] = [];
  const wanted = {
    ...{ accepts: () => true, ofImage: null, sought: null, pids: null, lineage: null, job: null },
  };
  for await (const batch of store.lives(store.bounds.all(), wanted)) {
    for (const { process, parent } of batch) {
      found.push({ host: process.boot.host!, id: process.id, pid: process.pid, parent });
    }
  }
  return found;
}

test(...unless(missing, "an answer over copies has an id for each process"), async () => {
  const store = await open("*");
  const lives = await livesOf(store);
  assert.equal(lives.length, 12);
  assert.equal(new Set(lives.map(({ id }) => id)).size, 12);
  for (const { parent, host, pid } of lives) {
    if (pid === 1) continue;
    const above = lives.find(({ id }) => id === parent);
    assert.deepEqual([above?.host, above?.pid], [host, pid === 60 ? 50 : 1]);
  }
  // Who is no copy has the ids that it has by itself.
  const own = lives.filter(({ host }) => host === "d").map(({ id }) => id);
  assert.deepEqual(own.sort(), ["99999999-1-0", "99999999-50-200", "99999999-60-300"]);
  // Traces of jobs are told by them.
  assert.equal(new Set(store.bounds.boots.map(({ uniqueId }) => uniqueId)).size, 4);
  store.close();
});

test(...unless(missing, "of one host ids are its own"), async () => {
  for (const [host, bootId] of Object.entries(BOOTS)) {
    const store = await open(host);
    const ids = (await livesOf(store)).map(({ id }) => id).sort();
    const group = bootId.slice(0, 8);
    assert.deepEqual(ids, [`${group}-1-0`, `${group}-50-200`, `${group}-60-300`]);
    assert.deepEqual(store.bounds.boots.map(({ uniqueId }) => uniqueId), [bootId]);
    store.close();
  }
});

test(
  ...unless(missing, "an id is understood with the number of its boot and without"),
  async () => {
    const all = await open("*");
    const wanted = (await livesOf(all)).filter(({ pid }) => pid === 60);
    for (const { id, host } of wanted) {
      const own = id.replace(/_\d+/, "");
      const there = await open(host);
      for (const [store, text] of [[all, id], [there, id], [there, own]] as const) {
        const found = await findTarget(store.family(), parseTarget(text, 0));
        assert.deepEqual([found?.pid, found?.boot.host], [60, host], text);
      }
      // The number of another boot is no name of it.
      const other = id.replace(/_\d+/, "_4000000");
      if (other !== id) {
        assert.equal(await findTarget(there.family(), parseTarget(other, 0)), null);
      }
      there.close();
    }
    const which = findTarget(all.family(), parseTarget("7c0a51fe-60-300", 0));
    await assert.rejects(which, (error) => {
      if (!(error instanceof CommandError)) return false;
      const told = [error.message, ...error.lines].join("\n");
      return /3 had that pid/.test(told) && /a:7c0a51fe_\d+-60-300/.test(told);
    });
    all.close();
  },
);
