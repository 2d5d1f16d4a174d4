/** A recorder that ships: from a thread, for which nothing waits; and who is told how far. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Finding } from "../../src/detect/finding.ts";
import type { ShipLag } from "../../src/detect/ship_lag.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { shipFamilies, shipLags } from "../../src/recorder/shipping.ts";
import { TroubleSink } from "../../src/recorder/trouble.ts";
import type { World } from "../../src/recorder/world.ts";
import { readShipStates, ShipStateFile } from "../../src/ship/state.ts";
import type { ShipSetup } from "../../src/ship/thread/messages.ts";
import type { Process } from "../../src/model/process.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { missingPostgres } from "../support/postgres.ts";
import { Recording } from "../support/recording.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const SCAN = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** A recorder that ships to a URL. */
function shipping(url: string, filter: string | null = null): Recording {
  const folder = temporaryFolder("fh-shipping-");
  const host = { machine: "a".repeat(32), name: "here", version: "0" };
  const setup = { url, env: {}, host, folder, argv: true, filter, rate: 1e6 };
  const path = join(folder, "history.db");
  const limits = { keepMs: 3600e3, maxBytes: 64 << 20 };
  const history = { path, limits, argv: true, samples: false };
  const ship: ShipSetup = { ...setup, history: path };
  return Object.assign(new Recording({ history, ship }), { path });
}

test(
  ...unless(missingPostgres, "what is kept is shipped by a thread, as a filter says"),
  async () => {
    const fleet = await new TestFleet().init("web1");
    using it = await shipping(fleet.server.url("web1"), "-c 'b*' --failed").begun();
    it.source.send([...SCAN, fork(11 * S, 5, 1), exec(11 * S, 5, "/bin/b1"), exit(12 * S, 5, 256)]);
    it.source.send([fork(13 * S, 6, 1), exec(13 * S, 6, "/bin/b2"), exit(14 * S, 6, 0)]);
    await until(() => fleet.server.ask("SELECT string_agg(pid::text, ' ') FROM fh.life") === "5");
    assert.ok(it.said.includes(`shipping to ${fleet.server.url("web1")}`), String(it.said));
    await it.end();
    const [state] = readShipStates(it.path, Date.now());
    const { host, lives, over, trouble } = state!;
    assert.deepEqual([host, lives, over, trouble], ["here", 1, true, null]);
  },
);

test("a server that does not answer holds up neither capture nor the end", async () => {
  const connections: Socket[] = [];
  const server = createServer((socket) => connections.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  try {
    using it = await shipping(`postgres://a@127.0.0.1:${port}/b?sslmode=disable`).begun();
    it.source.send(SCAN);
    await until(() => connections.length > 0);
    it.source.send([fork(11 * S, 5, 1), exit(12 * S, 5, 0)]);
    await it.end();
    assert.deepEqual(it.rows(), [[1, "running"], [5, "exited"]]);
  } finally {
    for (const socket of connections) socket.destroy();
    server.close();
  }
});

test("a place that cannot be reached is said once, and is kept for who asks", async () => {
  using it = await shipping(`postgres://a@/b?host=${encodeURIComponent("/nowhere/at/all")}`)
    .begun();
  it.source.send(SCAN);
  await until(() => readShipStates(it.path, Date.now())[0]?.trouble ?? false);
  const said = () => it.said.filter((text) => text.includes("tries again"));
  await until(() => said().length > 0);
  const [lag] = shipLags(it.path, Date.now());
  assert.match(lag!.trouble!, /cannot be asked/);
  await it.end();
  assert.equal(said().length, 1);
});

test("metrics tell of each place that somebody ships to", () => {
  const history = join(temporaryFolder("fh-shipping-"), "history.db");
  const state = {
    ...{ host: "web1", pid: 1, since: 1e12, at: 1e12 + 5000, reach: 1e12 + 1000, waiting: 7 },
    ...{ lives: 9, forgotten: 2, refused: 1, trouble: null, over: false },
  };
  assert.deepEqual(shipFamilies(history, 1e12), []);
  const write = (to: string, more = {}) =>
    new ShipStateFile(history, to).write({ ...state, to, ...more });
  write("postgres://a/b");
  write("nats://c", { trouble: "away", reach: null });
  write("otlp://d", { over: true });
  const told = shipFamilies(history, 1e12 + 61_000).map(({ name, samples }) => {
    const values = samples.map(({ labels: [to], value }) => `${to} ${value}`).sort();
    return [name, ...values];
  });
  assert.deepEqual(told, [
    ["fh_ship_lag_seconds", "nats://c 61", "postgres://a/b 60"],
    ["fh_ship_waiting_processes", "nats://c 7", "postgres://a/b 7"],
    ["fh_ship_works", "nats://c 0", "postgres://a/b 1"],
    ["fh_ship_processes_total", "nats://c 9", "postgres://a/b 9"],
    ["fh_ship_forgotten_processes_total", "nats://c 2", "postgres://a/b 2"],
    ["fh_ship_refused_records_total", "nats://c 1", "postgres://a/b 1"],
  ]);
});

test("a lag that grows is a finding about who keeps the history", () => {
  const kept: Finding[] = [];
  let lagMs = 0;
  const shipped = (): ShipLag[] => [{ to: "db", lagMs, waiting: 3, trouble: "away" }];
  const keeper = { pid: process.pid, uid: 0, alive: true } as unknown as Process;
  const machine = { get: (pid: number) => pid === process.pid ? keeper : undefined };
  const session = { now: 0, machine } as unknown as ConstructorParameters<typeof TroubleSink>[2];
  const keep = (finding: Finding) => void kept.push(finding);
  const settings = { hooks: [], limits: INITIAL_LIMITS, keep, shipped };
  const sink = new TroubleSink({ procRoot: "/proc" } as World, settings, session);
  for (const minutes of [0, 11, 12, 3]) {
    lagMs = minutes * 60_000;
    sink.look(new Map(), (100 + minutes) * 60 * S);
  }
  sink.close();
  assert.equal(kept.length, 3);
  const [{ kind, process: about, count, facts: { reason }, isOver }] = kept as [Finding];
  assert.deepEqual([kind, about, count, reason, isOver], ["ship-lag", keeper, 3, "db: away", true]);
});
