/** Networks, servers and disks of a fleet fail: each life is in it once in the end, and whole. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "../support/at_end.ts";
import { runFh, runProgram } from "../support/executable.ts";
import { countForks, FleetWorld, makeChains, missingHosts } from "../support/fleet_hosts.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const CHAINS = 40;
const DEPTH = 3;

/** The chain of a life, without what a host alone can tell: names of users, its clock as it is. */
function chainOf(text: string): Record<string, unknown>[] {
  const { chain } = JSON.parse(text) as { chain: Record<string, unknown>[] };
  return chain.map((one) => {
    const { host: _, user: _1, state: _2, notes: _3, started, ...rest } = one;
    return rest["ended"] === null ? rest : { ...rest, started };
  });
}

test(
  ...unless(missingHosts, "two of three hosts are cut off, and the server is killed meanwhile"),
  async () => {
    await using world = FleetWorld.make("a", "b", "c");
    const [a, b, c] = world.hosts as [typeof world.hosts[0], ...typeof world.hosts];
    for (const host of world.hosts) {
      await host.record();
      host.ship();
    }
    const truth = [...makeChains(CHAINS, DEPTH)];
    await until(() => world.hosts.every(({ shipped }) => shipped.lives > CHAINS));
    b!.cut();
    c!.cut();
    truth.push(...makeChains(CHAINS, DEPTH));
    world.server.kill();
    truth.push(...makeChains(CHAINS, DEPTH));
    world.start();
    truth.push(...makeChains(CHAINS, DEPTH));
    b!.mend();
    c!.mend();
    truth.push(...makeChains(CHAINS, DEPTH));
    for (const host of world.hosts) await host.stopRecording();
    for (const host of world.hosts) await host.complete();
    assert.equal(truth.length, 5 * CHAINS * DEPTH);
    for (const { name } of world.hosts) {
      assert.deepEqual([...countForks(world, name, truth)], [[1, truth.length]], name);
    }
    const status = JSON.parse(world.ok("fleet", "status", "--json"));
    assert.deepEqual(
      status.hosts.map((one: { host: string; forgotten: number }) => [one.host, one.forgotten]),
      [["a", 0], ["b", 0], ["c", 0]],
    );
    for (const host of [a, b!, c!]) {
      const [, pid] = truth[Math.floor(truth.length / 2)]!;
      const own = runFh(["why", "--db", host.db, "--json", String(pid)], { env: world.env });
      assert.equal(own.status, 0, own.stderr);
      const there = world.ok("why", "--json", `${host.name}:${pid}`);
      assert.deepEqual(chainOf(there), chainOf(own.stdout));
      assert.ok(chainOf(there).length > 1);
    }
  },
);

test(...unless(missingHosts, "a slow network holds up one host, and no recorder"), async () => {
  await using world = FleetWorld.make("a", "b");
  const [a, b] = world.hosts;
  b!.slow(512);
  for (const host of world.hosts) {
    await host.record();
    host.ship();
  }
  const truth = makeChains(1500, 2);
  await a!.stopRecording();
  await b!.stopRecording();
  await a!.complete();
  await b!.complete();
  for (const { name } of world.hosts) {
    assert.deepEqual([...countForks(world, name, truth)], [[1, truth.length]], name);
  }
  assert.equal(world.ask("SELECT coalesce(sum(lost), 0) FROM fh.run"), "0");
});

test(...unless(missingHosts, "a full disk of the server is waited for"), async () => {
  await using world = FleetWorld.make("a");
  const [a] = world.hosts;
  const disk = join(world.server.folder, "small");
  mkdirSync(disk);
  const mounted = runProgram("mount", [
    "-t",
    "tmpfs",
    "-o",
    "size=2m,mode=0700,uid=65534",
    "tmpfs",
    disk,
  ]);
  assert.equal(mounted.status, 0, mounted.stderr);
  atEnd(() => void runProgram("umount", ["-l", disk]));
  world.ask(`CREATE TABLESPACE small LOCATION '${disk}'`);
  world.ask("ALTER TABLE fh.image SET TABLESPACE small");
  await a!.record();
  a!.ship();
  await until(() => a!.shipped.lives > 0);
  const script = 'i=0; while [ $i -lt 200 ]; do /bin/true "$(head -c 15000 /dev/urandom | ' +
    'base64 -w0)" $i; i=$((i+1)); done';
  assert.equal(runProgram("sh", ["-c", script]).status, 0);
  await until(() => a!.shipper!.stderr.includes("No space left on device"));
  assert.match(a!.shipper!.stderr, /tries again after \d+s\n/);
  const before = a!.shipped.lives;
  const truth = makeChains(CHAINS, DEPTH);
  await a!.stopRecording();
  assert.ok(before < a!.lives);
  const larger = runProgram("mount", ["-o", "remount,size=64m", disk]);
  assert.equal(larger.status, 0, larger.stderr);
  await a!.complete();
  assert.deepEqual([...countForks(world, "a", truth)], [[1, truth.length]]);
  await a!.stopShipping();
  world.server.stop("immediate");
  runProgram("umount", [disk]);
});

test(
  ...unless(missingHosts, "a batch that is refused ends who ships, and is sent again"),
  async () => {
    await using world = FleetWorld.make("a");
    const [a] = world.hosts;
    await a!.record();
    world.ask("ALTER TABLE fh.program ADD CONSTRAINT full_up CHECK (false) NOT VALID");
    const truth = makeChains(CHAINS, DEPTH);
    await a!.stopRecording();
    const refused = a!.shipOnce();
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, /^fh: The fleet at \S+ has failed: .*full_up.*\n$/);
    assert.equal(a!.shipped.lives, 0);
    const status = runFh(["record", "--status", "--db", a!.db], { env: world.env });
    assert.match(status.stdout, /^shipping +to postgres:.* 0 shipped, it has ended.*full_up/m);
    world.ask("ALTER TABLE fh.program DROP CONSTRAINT full_up");
    assert.equal(a!.shipOnce().status, 0);
    assert.equal(a!.shipped.lives, a!.lives);
    assert.deepEqual([...countForks(world, "a", truth)], [[1, truth.length]]);
  },
);
