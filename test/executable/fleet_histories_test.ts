/** Histories that no fleet expects: clocks, names, snapshots, and what was forgotten. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { runFh } from "../support/executable.ts";
import {
  countForks,
  type FleetHost,
  FleetWorld,
  makeChains,
  missingHosts,
} from "../support/fleet_hosts.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const HOUR_NS = 3600n * 1_000_000_000n;
const CHAINS = 30;
const DEPTH = 3;

/** Takes the file of a host over for another one, all in one piece. */
function copyHistory(from: FleetHost, to: FleetHost | string): void {
  const db = new DatabaseSync(from.db);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  copyFileSync(from.db, typeof to === "string" ? to : to.db);
}

/**
 * Lines of a log, sorted: without names of users, which are those of each host, and without the
 * note that a host whose clock is behind is behind.
 */
function linesOf(text: string, host: string): string[] {
  return text.replaceAll(/"user":(?:null|"[^"]*"),/g, "").replaceAll(`,"host":"${host}"`, "")
    .trim().split("\n").filter((line) => !line.startsWith('{"event":"info"')).sort();
}

test(...unless(missingHosts, "a clock that is three hours wrong changes no answer"), async () => {
  await using world = FleetWorld.make("slow", "fast");
  const [slow, fast] = world.hosts;
  await slow!.record();
  const truth = makeChains(CHAINS, DEPTH);
  await slow!.stopRecording();
  copyHistory(slow!, fast!);
  for (const [host, by] of [[slow!, -3n * HOUR_NS], [fast!, 3n * HOUR_NS]] as const) {
    const db = new DatabaseSync(host.db);
    db.prepare("UPDATE clock SET epoch = epoch + ?").run(by);
    db.close();
    assert.equal(host.shipOnce().status, 0);
    const range = ["--since", "5h", "--json", "-e", "fork,exec,exit"];
    const own = runFh(["log", "--db", host.db, ...range], { env: world.env });
    assert.equal(own.status, 0, own.stderr);
    const there = world.ok("log", "--host", host.name, ...range);
    assert.ok(truth.length < linesOf(there, host.name).length);
    const [of, its] = [linesOf(there, host.name), linesOf(own.stdout, host.name)];
    assert.deepEqual(of.filter((line) => !its.includes(line)), [], "what only the fleet says");
    assert.deepEqual(its.filter((line) => !of.includes(line)), [], "what only the host says");
    assert.deepEqual([...countForks(world, host.name, truth)], [[1, truth.length]]);
    const [, pid] = truth.at(-1)!;
    assert.equal(world.fh("why", `${host.name}:${pid}`).status, 0);
  }
  const hours = `SELECT round(extract(epoch FROM max(ended) FILTER (WHERE host = 'fast')
    - max(ended) FILTER (WHERE host = 'slow')) / 3600) FROM fh.process`;
  assert.equal(world.ask(hours), "6", "each is told by its own clock");
});

test(...unless(missingHosts, "two hosts of one name stay two"), async () => {
  await using world = FleetWorld.make("a", "b");
  const [a, b] = world.hosts;
  await a!.record();
  const first = makeChains(CHAINS, DEPTH);
  await b!.record();
  const second = makeChains(CHAINS, DEPTH);
  for (const host of world.hosts) {
    await host.stopRecording();
    assert.equal(host.shipOnce("--host-name", "twin").status, 0);
  }
  assert.equal(world.ask("SELECT string_agg(name, ' ' ORDER BY id) FROM fh.host"), "twin twin#2");
  assert.deepEqual([...countForks(world, "a", [...first, ...second])], [
    [1, first.length + second.length],
  ]);
  assert.deepEqual(
    [...countForks(world, "b", [...first, ...second])].sort(),
    [[0, first.length], [1, second.length]],
  );
  const [, pid] = first[0]!;
  assert.equal(world.fh("why", `twin:${pid}`).status, 0);
  assert.equal(world.fh("why", `twin#2:${pid}`).status, 3);
});

test(
  ...unless(missingHosts, "a host that was restored from a snapshot ships what is new, once"),
  async () => {
    await using world = FleetWorld.make("a");
    const [a] = world.hosts;
    await a!.record();
    const before = makeChains(CHAINS, DEPTH);
    await a!.stopRecording();
    assert.equal(a!.shipOnce().status, 0);
    const snapshot = `${world.folder}/snapshot.db`;
    copyHistory(a!, snapshot);
    await a!.record();
    const lost = makeChains(CHAINS, DEPTH);
    await a!.stopRecording();
    assert.equal(a!.shipOnce().status, 0);
    a!.forget();
    copyFileSync(snapshot, a!.db);
    await a!.record();
    const after = makeChains(2 * CHAINS, DEPTH);
    await a!.stopRecording();
    assert.equal(a!.shipOnce().status, 0);
    assert.equal(a!.shipOnce().status, 0);
    const truth = [...before, ...lost, ...after];
    assert.deepEqual([...countForks(world, "a", truth)], [[1, truth.length]]);
    const twice = `SELECT count(*) FROM (SELECT 1 FROM fh.life GROUP BY host, boot, pid, born
      HAVING count(*) > 1) twice`;
    assert.equal(world.ask(twice), "0");
    const db = new DatabaseSync(a!.db, { readOnly: true });
    const [running] = db.prepare("SELECT count(*) AS n FROM life WHERE span IS NULL").all();
    db.close();
    assert.equal(a!.shipped.open, running!["n"], "what the host has no more does not run there");
  },
);

test(...unless(missingHosts, "what a host forgot before it was shipped is counted"), async () => {
  await using world = FleetWorld.make("a");
  const [a] = world.hosts;
  await a!.record("--max-size", "4M");
  await until(() => a!.lives > 0);
  assert.equal(a!.shipOnce().status, 0);
  const contact = a!.shipped.lives;
  assert.ok(contact > 0);
  for (let i = 0; i < 4; i++) makeChains(5000, 3);
  await a!.stopRecording();
  const db = new DatabaseSync(a!.db, { readOnly: true });
  const [{ last }] = db.prepare("SELECT max(id) AS last FROM life").all() as [{ last: number }];
  const [{ left }] = db.prepare("SELECT count(*) AS left FROM life").all() as [{ left: number }];
  db.close();
  assert.ok(left < 50_000 && last > 60_000, `${left} of ${last} are left`);
  const shipped = a!.shipOnce();
  assert.match(shipped.stderr, /\d+ lives were forgotten here before they were shipped/);
  const status = JSON.parse(world.ok("fleet", "status", "--json"));
  const [{ forgotten, waiting }] = status.hosts;
  assert.equal(waiting, 0);
  assert.equal(a!.shipped.lives + forgotten, last);
  assert.equal(
    world.ask("SELECT sum(lost) FROM fh.gap WHERE reason = 'not shipped'"),
    String(forgotten),
  );
  assert.match(
    world.ok("log", "--host", "a", "--failed", "--json", "--since", "1h"),
    /"reason":"not shipped"/,
  );
  const own = runFh(["record", "--status", "--db", a!.db, "--json"], { env: world.env });
  const [{ forgotten: told, lag_ns: lag }] = JSON.parse(own.stdout).shipping;
  assert.deepEqual([told, lag], [forgotten, null]);
});
