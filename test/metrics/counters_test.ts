import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters, OUTCOMES } from "../../src/metrics/counters.ts";
import { type LabelSeries, SERIES_LIMITS } from "../../src/metrics/series.ts";
import { EVENT, GAP_REASON, type SourceEvent } from "../../src/model/event.ts";
import { encodeImage, NO_IMAGE } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { account, BOOT, exec, exit, fork, gap, scan, simple } from "../support/events.ts";

const S = 1e9;
const USERS = new Map([[0, "root"], [33, "www-data"], [1000, "me"]]);
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** Counters that were told of events by a machine. */
function count(...events: readonly SourceEvent[]): Counters {
  const counters = new Counters({ name: (uid) => USERS.get(uid) ?? null });
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => counters.note(change),
    onAccount: (process, _figures, last) => {
      if (last) counters.noteAccount(process);
    },
  });
  for (const event of [...INIT, ...events]) machine.step(event);
  return counters;
}

/** An exec in a control group, as a user. */
function execIn(time: number, pid: number, cgroup: string, uid?: number): SourceEvent {
  const event = exec(time, pid, "x");
  const bytes = (text: string) => new TextEncoder().encode(text);
  event.text = encodeImage({
    ...NO_IMAGE.parts,
    comm: bytes("x"),
    cgroup: bytes(`0::${cgroup}\n`),
  });
  if (uid !== undefined) event.d = uid;
  return event;
}

/** What was counted by value: started, failed, seconds. */
function rows(of: LabelSeries): Record<string, [number, number, number]> {
  const all = [...of.all()].filter((one) => one.value !== "other" || one.started + one.failed > 0);
  return Object.fromEntries(
    all.map((one) => [one.value, [one.started, one.failed, one.cpuNs / S]]),
  );
}

test("forks, execs and ends are counted, these by how they ended", () => {
  const counters = count(
    ...[2, 3, 4, 5].map((pid) => fork(2 * S, pid, 1)),
    exec(3 * S, 2, "a"),
    exit(4 * S, 2, 0),
    exit(4 * S, 3, 7 << 8),
    exit(4 * S, 4, 9),
    exit(4 * S, 5, -1),
  );
  assert.deepEqual([counters.forks, counters.execs], [4, 1]);
  assert.deepEqual(counters.exits, OUTCOMES.map(() => 1));
});

test("gaps are counted by reason, also those of which the number is not known", () => {
  const counters = count(gap(2 * S, 5), gap(3 * S, -1), gap(4 * S, 7));
  assert.deepEqual(counters.lost[GAP_REASON.overflow], 12);
  assert.deepEqual(counters.gaps[GAP_REASON.overflow], 3);
  counters.addGaps(GAP_REASON.full, 2, 100);
  assert.deepEqual([counters.gaps[GAP_REASON.full], counters.lost[GAP_REASON.full]], [2, 100]);
  // A reason of a later version.
  counters.addGaps(99, 1, 1);
  counters.addGaps(-1, 1, 1);
});

test("a process counts where it was forked, and where it came to before an exec", () => {
  const counters = count(
    fork(2 * S, 2, 1),
    execIn(3 * S, 2, "/system.slice/web.service"),
    fork(4 * S, 3, 2),
    execIn(5 * S, 3, "/system.slice/web.service"),
    exit(6 * S, 3, 1 << 8),
    account(6 * S, 3, { cpuNs: 2 * S }),
    fork(7 * S, 4, 1),
    execIn(8 * S, 4, "/system.slice/docker-" + "a".repeat(64) + ".scope"),
  );
  assert.deepEqual(rows(counters.units), {
    // The two children of init began where init is.
    "a.service": [2, 0, 0],
    "web.service": [2, 1, 2],
  });
  assert.deepEqual(rows(counters.containers), { ["a".repeat(64)]: [1, 0, 0] });
});

test("a process counts for the user that it was forked as, and that it becomes", () => {
  const counters = count(
    fork(2 * S, 2, 1),
    simple(EVENT.uid, 3 * S, 2, 1000, 1000),
    fork(4 * S, 3, 2),
    exit(5 * S, 3, 9),
    fork(6 * S, 4, 1),
    execIn(7 * S, 4, "/a.service", 33),
    account(8 * S, 4, { cpuNs: S }),
  );
  assert.deepEqual(rows(counters.users), {
    root: [2, 0, 0],
    me: [2, 1, 0],
    "www-data": [1, 0, 1],
  });
});

test("users without a name are others, however many there are", () => {
  const events: SourceEvent[] = [];
  for (let n = 0; n < 5000; n++) {
    events.push(fork(2 * S, 10 + n, 1), simple(EVENT.uid, 2 * S, 10 + n, 100_000 + n));
  }
  const counters = count(...events);
  assert.deepEqual(rows(counters.users), { root: [5000, 0, 0], other: [5000, 0, 0] });
});

test("a user makes up units and containers in vain", () => {
  const events: SourceEvent[] = [];
  const slice = "/user.slice/user-1000.slice/user@1000.service";
  for (let n = 0; n < 200; n++) {
    const id = n.toString(16).padStart(64, "0");
    const place = n % 2 === 0 ? `${slice}/cron-${n}.service` : `${slice}/libpod-${id}.scope`;
    events.push(fork(2 * S, 10 + n, 1), execIn(2 * S, 10 + n, place));
  }
  events.push(fork(3 * S, 9, 1), execIn(3 * S, 9, "/system.slice/cron.service"));
  const counters = count(...events);
  assert.deepEqual(rows(counters.units)["user-1000.slice"], [100, 0, 0]);
  assert.deepEqual(rows(counters.units)["cron.service"], [1, 0, 0]);
  const containers = rows(counters.containers);
  assert.ok(Object.keys(containers).length - 1 < SERIES_LIMITS.total / 4);
  const sum = Object.values(containers).reduce((all, [started]) => all + started, 0);
  assert.equal(sum, 100);
});

test("units that are made for one use share a name", () => {
  const names = [
    "sshd@3-10.0.0.1:22-10.0.0.2:51234.service",
    "sshd@44-10.0.0.1:22-10.0.0.3:1.service",
    "systemd-coredump@0-123-0.service",
    "run-u12.service",
    "run-r0123456789abcdef0123456789abcdef.scope",
    "run-p123-i456.service",
    "postgresql@15-main.service",
    "getty@tty1.service",
    "run-lock.service",
  ];
  const events = names.flatMap((name, n) => [
    fork(2 * S, 10 + n, 1),
    execIn(2 * S, 10 + n, `/system.slice/${name}`),
  ]);
  const counted = rows(count(...events).units);
  assert.deepEqual(Object.keys(counted).slice(1), [
    "sshd@*.service",
    "systemd-coredump@*.service",
    "run-*.service",
    "run-*.scope",
    "postgresql@15-main.service",
    "getty@tty1.service",
    "run-lock.service",
  ]);
  assert.equal(counted["sshd@*.service"]![0], 2);
});

test("a place that had no room gets a series once there is some", () => {
  const events: SourceEvent[] = [];
  const name = (n: number) => `/system.slice/s${n}.service`;
  for (let n = 0; n <= SERIES_LIMITS.total; n++) {
    events.push(fork(2 * S, 10 + n, 1), execIn(2 * S, 10 + n, name(n)));
  }
  const last = 10 + SERIES_LIMITS.total;
  const later = 2 * SERIES_LIMITS.idleNs;
  const counters = count(...events, fork(later, 500, last), fork(later + S, 501, last));
  const counted = rows(counters.units);
  assert.equal(counted[`s${SERIES_LIMITS.total}.service`]![0], 2);
  assert.ok(!("s0.service" in counted) || !("a.service" in counted));
});
