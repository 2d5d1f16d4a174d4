/** On which hosts the same chain occurs, and who is told while a fleet is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../../src/fleet/connection.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { Breath } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const { signal } = new AbortController();

/** A host on which cron has started a shell, or something of another name, that ran a command. */
async function record(host: string, starter: string, ...argv: string[]): Promise<void> {
  using recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 50, 1), exec(2 * S + 1e6, 50, `/usr/sbin/${starter}`));
  for (let i = 0; i < 3; i++) {
    const [at, shell, pid] = [(3 + i) * S, 100 + 2 * i, 101 + 2 * i];
    recorder.tell(fork(at, shell, 50), exec(at + 1e6, shell, "/bin/sh", "-c", `run ${i}`));
    recorder.tell(fork(at + 2e6, pid, shell), exec(at + 3e6, pid, ...argv));
    recorder.tell(exit(at + 1e8, pid, 0), exit(at + 2e8, shell, 0));
  }
  recorder.end();
  await fleet.ship(recorder.path, host);
}

async function spreadOn(host: string): Promise<unknown> {
  const store = await FleetStore.open({
    ...{ url: fleet.server.url("reader"), hosts: host, env: {}, signal },
    breath: new Breath(signal),
  });
  try {
    const family = store.family();
    const [past] = await family.past(105);
    await family.of(past!);
    return await store.spread(past!);
  } finally {
    store.close();
  }
}

test(...unless(missing, "the same chain is that of the same command line and names"), async () => {
  await fleet.init("web1", "web2", "web3", "web4");
  await record("web1", "cron", "/usr/bin/curl", "a");
  await record("web2", "cron", "/usr/bin/curl", "a");
  await record("web3", "anacron", "/usr/bin/curl", "a");
  await record("web4", "cron", "/usr/bin/curl", "b\t\x1b\\");
  const above = ["sh", "cron", "init"];
  const both = { names: ["web1", "web2"], of: 4, isAll: true, above };
  assert.deepEqual(await spreadOn("web1"), both);
  assert.deepEqual(await spreadOn("web2"), both);
  const alone = { ...both, names: ["web3"], above: ["sh", "anacron", "init"] };
  assert.deepEqual(await spreadOn("web3"), alone);
  assert.deepEqual(await spreadOn("web4"), { ...both, names: ["web4"] });
});

test(...unless(missing, "who waits for an answer is told, and when it is there"), async () => {
  const told: (number | "done")[] = [];
  const waiting = { wait: (rows: number) => told.push(rows), done: () => told.push("done") };
  const db = await Connection.open(fleet.server.url(), {}, signal, null, waiting);
  await db.rows("SELECT generate_series(1, 7)");
  await db.rows("SELECT pg_sleep(1)");
  await db.close();
  assert.equal(told[0], "done");
  assert.equal(told.at(-1), "done");
  assert.ok(told.length > 2);
  assert.ok(told.slice(1, -1).every((one) => one === 7));
});
