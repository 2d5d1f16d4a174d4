/** One process is one life in a fleet, also where two files of a host know its start otherwise. */
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { test } from "node:test";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const TICK = 1e7;
/** The kernel tells a fork so long after it has noted the start. */
const LATE = 5000;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
/** What /proc says of a process whose fork was told just beyond a tick. */
const SHELL = { pid: 101, ppid: 1, start: 3 * S - TICK, argv: ["/bin/sh"] };
const CHILD = { pid: 102, ppid: 101, start: 4 * S, argv: ["/bin/c"] };

const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const made = missing === null ? fleet.init("web1", "web2", "web3") : null;

/** A shell in a job, what it was before, its child, and a finding about it. */
function begun(): TestRecorder {
  const recorder = new TestRecorder(undefined, { findings: true }).tell(...scan(S, S, [INIT]));
  recorder.tell(fork(3 * S + LATE, 101, 1), exec(3.1 * S, 101, "/bin/a"));
  recorder.tell(exec(3.2 * S, 101, "/bin/sh"), fork(4 * S + LATE, 102, 101));
  recorder.tell(exec(4.1 * S, 102, "/bin/c")).flush();
  recorder.db.exec(`INSERT INTO job (id, name, owner, boot, since, started, lost)
      SELECT 1, 'nightly', 0, boot, 3100000000, 2, 0 FROM life WHERE pid = 101;
    INSERT INTO member (job, life) SELECT 1, id FROM life WHERE pid IN (101, 102);
    INSERT INTO finding (boot, kind, key, since, until, over, count, life, by_life, uid, facts)
      SELECT boot, 'stuck', 'k', 3500000000, 3600000000, 0, 1, id, NULL, 0, '{}' FROM life
      WHERE pid = 101`);
  return recorder;
}

/** A file that is made anew, by a recorder that begins in the fifth second. */
function anew(path: string): TestRecorder {
  rmSync(path);
  return new TestRecorder(path, { since: 5 * S });
}

function ask(host: string, what: string, from: string): string {
  return fleet.server.ask(`SELECT ${what} FROM fh.host h ${from} WHERE h.name = '${host}'`);
}

const LIVES = "JOIN fh.life l ON l.host = h.id";
/** pids, in their order. */
const PIDS = "string_agg(l.pid::text, ' ' ORDER BY l.pid)";
/** Whatever names a life that is not there. */
const NOWHERE = `count(*) FILTER (WHERE NOT EXISTS
  (SELECT 1 FROM fh.life l WHERE l.host = h.id AND l.id = x.life))`;

function assertWhole(host: string): void {
  const parents = "LEFT JOIN fh.life p ON p.host = l.host AND p.id = l.parent";
  assert.equal(
    ask(host, "string_agg(coalesce(p.pid, 0)::text, ' ' ORDER BY l.pid)", `${LIVES} ${parents}`),
    "0 1 101 101",
  );
  assert.equal(ask(host, `count(*), ${NOWHERE}`, "JOIN fh.member x ON x.host = h.id"), "2|0");
  assert.equal(ask(host, `count(*) > 0, ${NOWHERE}`, "JOIN fh.former x ON x.host = h.id"), "t|0");
  const findings = "JOIN fh.boot b ON b.host = h.id JOIN fh.finding x ON x.boot = b.id";
  assert.equal(ask(host, `count(*), ${NOWHERE}`, findings), "1|0");
}

test(
  ...unless(missing, "who runs on in a new file is one life, however its start is known"),
  async () => {
    await made;
    using first = begun();
    await fleet.ship(first.path, "web1");
    first.end();
    using second = anew(first.path);
    second.tell(...scan(5 * S, 5 * S, [INIT, SHELL, CHILD]), fork(6 * S, 103, 101)).flush();
    await fleet.ship(second.path, "web1");
    assert.equal(ask("web1", PIDS, LIVES), "1 101 102 103");
    second.tell(exit(7 * S, 101, 256), exit(7 * S, 102, 0), exit(7 * S, 103, 0)).end();
    await fleet.ship(second.path, "web1");
    assert.equal(ask("web1", PIDS, LIVES), "1 101 102 103");
    const how = "l.span, l.status, l.flags & 8, l.id >> 25 & 1023, l.born";
    const shell = ask("web1", how, `${LIVES} AND l.pid = 101`);
    const tick = Number(BigInt(299 + 1_795_478_400_00) & 1023n);
    assert.equal(shell, `${4 * S + TICK}|256|0|${tick}|${SHELL.start}`);
    assertWhole("web1");
  },
);

test(...unless(missing, "a file that was put back takes its names back"), async () => {
  await made;
  using first = begun();
  await fleet.ship(first.path, "web2");
  first.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const kept = `${first.path}.kept`;
  copyFileSync(first.path, kept);
  first.end();
  const second = anew(first.path);
  second.tell(...scan(5 * S, 5 * S, [INIT, SHELL, CHILD]), fork(6 * S, 103, 101)).end();
  await fleet.ship(second.path, "web2");
  rmSync(first.path);
  copyFileSync(kept, first.path);
  using third = new TestRecorder(first.path, { since: 8 * S });
  const late = { pid: 103, ppid: 101, start: 6 * S, argv: ["/bin/sh"] };
  third.tell(...scan(8 * S, 8 * S, [INIT, SHELL, CHILD, late])).flush();
  third.tell(exit(9 * S, 101, 0)).end();
  await fleet.ship(third.path, "web2");
  assert.equal(ask("web2", PIDS, LIVES), "1 101 102 103");
  assert.equal(
    ask("web2", "l.born, l.born + l.span", `${LIVES} AND l.pid = 101`),
    `${3 * S + LATE}|${9 * S}`,
  );
  assertWhole("web2");
});

test(...unless(missing, "nobody is gone before a new file has who runs"), async () => {
  await made;
  using first = begun();
  await fleet.ship(first.path, "web3");
  first.end();
  using second = anew(first.path);
  await fleet.ship(second.path, "web3");
  assert.equal(ask("web3", "count(*), count(l.span)", LIVES), "3|0");
  second.tell(...scan(5 * S, 5 * S, [INIT, SHELL, CHILD]), fork(6 * S, 103, 101)).flush();
  await fleet.ship(second.path, "web3");
  assert.equal(ask("web3", `${PIDS}, count(l.span)`, LIVES), "1 101 102 103|0");
  assertWhole("web3");
  second.tell(exit(16 * S, 103, 0)).flush();
  second.db.exec("DELETE FROM life WHERE pid = 102");
  second.end();
  await fleet.ship(second.path, "web3");
  assert.equal(ask("web3", "l.flags & 8", `${LIVES} AND l.pid = 102`), "8", "it is gone then");
});
