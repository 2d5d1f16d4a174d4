/** One user's processes push out his own older ones, not those of others. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { History } from "../../src/history/history.ts";
import { Retention } from "../../src/history/retention.ts";
import { EVENT, GAP_REASON, GAP_WORDS, type SourceEvent } from "../../src/model/event.ts";
import type { Process } from "../../src/model/process.ts";
import { exec, exit, fork, scan, simple } from "../support/events.ts";
import { JobRecorder } from "../support/job_recorder.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const MIB = 1 << 20;
const MAX_BYTES = 4 * MIB;
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
const [NOBODY, ALICE] = [65534, 1000];
const NOW_MS = PAST_EPOCH.seconds * 1000 + 3_600_000;

/** A process is that user's from now on. */
const become = (time: number, pid: number, uid: number) => simple(EVENT.uid, time, pid, uid, uid);

/** A shell of a user's, below init. */
function shell(time: number, pid: number, uid: number): SourceEvent[] {
  return [fork(time, pid, 1), become(time + 1, pid, uid), exec(time + 2, pid, "/bin/sh")];
}

/** A child that ran a program with an argument for a moment. */
function command(time: number, pid: number, ppid: number, argument: string): SourceEvent[] {
  return [fork(time, pid, ppid), exec(time + 1, pid, "/bin/do", argument), exit(time + 2, pid, 0)];
}

/** A recorder whose file may have 4 MiB, with 300 ended lives of root and 300 of alice. */
class Host implements Disposable {
  readonly past = new TestRecorder();
  readonly #retention: Retention;
  #largest = 0;
  time = 10 * S;

  constructor() {
    const { past } = this;
    const limits = { keepMs: Infinity, maxBytes: MAX_BYTES };
    this.#retention = new Retention(past.db, limits, past.ledger, () => past.writer.forgetTexts());
    past.tell(...INIT, ...shell(2 * S, 100, 0), ...shell(2 * S, 200, ALICE));
    past.tell(...shell(2 * S, 300, NOBODY));
    // A service of root's that lives on, and has had a long command line before its last.
    past.tell(...shell(2 * S, 400, 0), exec(2.1 * S, 400, "/bin/before", "b".repeat(5000)));
    past.tell(exec(2.2 * S, 400, "/bin/service", "s".repeat(5000)));
    for (let i = 0; i < 300; i++) {
      past.tell(...command(3 * S + i * 10, 1000 + i, 100, `root-${i}`));
      past.tell(...command(3 * S + i * 10 + 5, 2000 + i, 200, `alice-${i}`));
    }
    this.turn();
  }

  /** What a recorder does twice a second; it gets as much time as it needs on a busy host. */
  turn(): void {
    this.past.flush();
    for (let i = 0; i < 20; i++) {
      this.#retention.work(NOW_MS);
      if (this.#used < MAX_BYTES * 0.75) break;
    }
    this.#largest = Math.max(this.#largest, this.#used);
  }

  get #used(): number {
    const { db } = this.past;
    const read = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0]);
    return (read("page_count") - read("freelist_count")) * 4096;
  }

  /** Tells of an attack, piece by piece. */
  attack(pieces: number, piece: (n: number, at: number) => SourceEvent[], turn = 50): void {
    for (let n = 0; n < pieces; n++) {
      this.past.tell(...piece(n, this.time));
      this.time += 0.001 * S;
      if ((n + 1) % turn === 0) this.turn();
    }
    for (let i = 0; i < 20; i++) this.turn();
  }

  /** What is there of all others must be whole, and the file within its bounds. */
  end(question: (history: History) => void = () => {}): void {
    const { path } = this.past;
    this.past.end();
    const db = new DatabaseSync(path);
    assert.equal(db.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
    const count = (what: string) =>
      Number(db.prepare(`SELECT count(*) AS n FROM process WHERE argv LIKE ?`).get(what)!["n"]);
    assert.deepEqual([count('%"root-%'), count('%"alice-%')], [300, 300]);
    const dangling = db.prepare(
      `SELECT count(*) AS n FROM life WHERE image NOT IN (SELECT id FROM image)`,
    ).get()!["n"];
    assert.equal(dangling, 0);
    db.close();
    assert.ok(this.#largest <= MAX_BYTES, `${this.#largest} bytes`);
    const history = new History(path);
    const [service] = history.byPid(400);
    assert.equal(service!.image.argv?.[1]?.length, 5000, "what a service of root's runs stays");
    history.lives.dressAt(service!, 2.15 * S);
    assert.equal(service!.image.argv?.[0], "/bin/before", "and what it ran before");
    question(history);
    history.close();
  }

  [Symbol.dispose](): void {
    this.past[Symbol.dispose]();
  }
}

/** The number that its argument begins with. */
function numberOf({ image }: Process): number {
  return parseInt(image.argv?.[1] ?? "", 10);
}

function lossOf(history: History): number {
  const [boot] = history.boots;
  const gaps = history.gaps({ boot: boot!, since: 0, until: Infinity });
  const told = gaps.filter(({ reason }) => reason === GAP_WORDS[GAP_REASON.share]);
  assert.ok(told.length <= 1, "one gap tells it");
  return told[0]?.lost ?? 0;
}

test("a living process that execs again and again loses what it ran, oldest first", () => {
  using host = new Host();
  const long = "x".repeat(20_000);
  // A child of that time still has the image that its parent had then.
  host.attack(1000, (n, at) => {
    const child = n === 10 ? [fork(at, 5000, 300)] : [];
    return [...child, exec(at + 1, 300, "/bin/self", `${n}${long}`)];
  });
  host.end((history) => {
    const [life] = history.byPid(300);
    const { lives } = history;
    assert.equal(numberOf(life!), 999, "what it runs stays");
    lives.dressAt(life!, 10 * S + 100e6);
    assert.equal(life!.image.argv, null, "what is forgotten is not known");
    lives.dressAt(life!, 10 * S + 990e6 + 2);
    assert.equal(numberOf(life!), 990, "the newest of it is");
    lives.dressAt(life!, 2 * S);
    assert.deepEqual(life!.image.argv, ["/sbin/init"], "and so is how it began");
    assert.equal(numberOf(history.byPid(5000)[0]!), 9);
    assert.ok(lossOf(history) > 700);
  });
});

test("many short lives with long command lines push out their own kind", () => {
  using host = new Host();
  const long = "y".repeat(2000);
  host.attack(8000, (n, at) => command(at, 10_000 + n, 300, `${n}${long}`));
  host.end((history) => {
    assert.equal(history.byPid(17_999).length, 1, "the newest stays");
    assert.equal(history.byPid(10_000).length, 0);
    assert.ok(lossOf(history) > 5000);
  });
});

test("a few huge command lines push out their own kind, too", () => {
  using host = new Host();
  const huge = "h".repeat(900_000);
  host.attack(40, (n, at) => command(at, 10_000 + n, 300, `${n}${huge}`), 1);
  host.end((history) => assert.equal(history.byPid(10_039).length, 1));
});

test("a fork storm of one user, and a chain of generations, do so, too", () => {
  using storm = new Host();
  storm.attack(400, (n, at) => {
    const events: SourceEvent[] = [];
    for (let i = 0; i < 200; i++) {
      const pid = 10_000 + n * 200 + i;
      events.push(fork(at + i, pid, 300), exit(at + i + 1, pid, 0));
    }
    return events;
  }, 10);
  storm.end();
  using chain = new Host();
  chain.attack(400, (n, at) => {
    const events: SourceEvent[] = [];
    for (let i = 0; i < 200; i++) {
      const pid = 10_000 + n * 200 + i;
      const above = n + i === 0 ? 300 : pid - 1;
      events.push(fork(at + i * 2, pid, above));
      if (above !== 300) events.push(exit(at + i * 2 + 1, above, 0));
    }
    return events;
  }, 10);
  chain.end();
});

test("working directories of their own are as much a user's as command lines", () => {
  using host = new Host();
  const deep = "/deep".repeat(400);
  host.attack(8000, (n, at) => {
    const pid = 10_000 + n;
    return [fork(at, pid, 300), exec(at + 1, pid, `${deep}/${n}`), exit(at + 2, pid, 0)];
  });
  host.end();
});

test("what lives loses its long command line when nothing else of that user can go", () => {
  using host = new Host();
  const long = "z".repeat(20_000);
  host.attack(400, (n, at) => {
    const pid = 10_000 + n;
    return [fork(at, pid, 300), exec(at + 1, pid, "/bin/stay", `${n}${long}`)];
  });
  host.end((history) => {
    const known = history.db.prepare(
      `SELECT count(argv) AS argv, count(comm) AS comm FROM process WHERE comm = 'stay'`,
    ).get()!;
    assert.equal(known["comm"], 400);
    assert.ok(Number(known["argv"]) < 200 && Number(known["argv"]) > 50, String(known["argv"]));
  });
});

test("twenty users beyond their share leave the others theirs", () => {
  using host = new Host();
  const long = "w".repeat(1000);
  host.attack(8000, (n, at) => {
    const pid = 10_000 + n;
    return [
      fork(at, pid, 300),
      become(at + 1, pid, 100_000 + (n % 20)),
      exec(at + 2, pid, "/bin/do", `${n}${long}`),
      exit(at + 3, pid, 0),
    ];
  });
  host.end();
});

test("a user within his share loses the oldest together with root", () => {
  using past = new TestRecorder();
  const limits = { keepMs: Infinity, maxBytes: MAX_BYTES };
  const retention = new Retention(past.db, limits, past.ledger, () => past.writer.forgetTexts());
  past.tell(...INIT, ...shell(2 * S, 100, 0), ...shell(2 * S, 200, ALICE));
  const long = "r".repeat(500);
  for (let n = 0; n < 20_000; n++) {
    const at = (10 + n * 0.01) * S;
    past.tell(...command(at, 10_000 + n, n % 20 === 0 ? 200 : 100, `${n}${long}`));
    if (n % 500 === 499) {
      past.flush();
      retention.work(NOW_MS);
    }
  }
  past.end();
  const history = new History(past.path);
  assert.equal(lossOf(history), 0);
  const { since } = history.boots[0]!;
  assert.ok(since > 10 * S, "it says from when on it is whole");
  const users = history.db.prepare(
    "SELECT uid, min(started_boot_ns) AS oldest FROM process WHERE comm = 'do' GROUP BY uid",
  ).all();
  for (const { oldest } of users) assert.ok(Math.abs(Number(oldest) - since) < 3 * S);
  assert.equal(users.length, 2);
  history.close();
});

test("jobs that have ended are bounded, whoever made them", () => {
  using past = new JobRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(...shell(2 * S, 300, NOBODY));
  const limits = { keepMs: Infinity, maxBytes: MAX_BYTES };
  const retention = new Retention(past.db, limits, past.ledger, () => past.writer.forgetTexts());
  const make = (name: string, owner: number) => {
    const job = past.jobs.create({ name, owner, since: 3 * S });
    past.jobs.add(job, past.machine.get(300)!, 3 * S);
    past.jobs.end(job, 4 * S);
  };
  for (let i = 0; i < 50; i++) make(`alice-${i}`, ALICE);
  for (let i = 0; i < 30_000; i++) {
    make(`many-${i}`, NOBODY);
    if (i % 500 === 499) {
      past.flush();
      retention.work(NOW_MS);
    }
  }
  rest(retention, past.db);
  const count = (owner: number) =>
    Number(past.db.prepare("SELECT count(*) AS n FROM job WHERE owner = ?").get(owner)!["n"]);
  assert.equal(count(ALICE), 50);
  assert.ok(count(NOBODY) > 1000 && count(NOBODY) < 6000, String(count(NOBODY)));
  const members = past.db.prepare("SELECT count(*) AS n FROM member").get()!["n"];
  assert.equal(members, count(ALICE) + count(NOBODY));
  past.end();
});

/** Works until there is nothing left to do: a turn does less on a busy host. */
function rest(retention: Retention, db: DatabaseSync): void {
  const rows = db.prepare("SELECT (SELECT count(*) FROM life) + (SELECT count(*) FROM job) AS n");
  for (let before = NaN, now = NaN; before !== now || Number.isNaN(now);) {
    before = now;
    for (let i = 0; i < 50; i++) retention.work(NOW_MS);
    now = Number(rows.get()!["n"]);
  }
}

test("where a user has nothing that can go, others lose their oldest alone", () => {
  using past = new TestRecorder();
  const limits = { keepMs: Infinity, maxBytes: MAX_BYTES };
  const retention = new Retention(past.db, limits, past.ledger, () => past.writer.forgetTexts());
  past.tell(...INIT, ...shell(2 * S, 100, 0), ...shell(2 * S, 200, ALICE));
  past.tell(...shell(2 * S, 300, NOBODY));
  // So many live that nothing else fits in.
  for (let i = 0; i < 15_000; i++) past.tell(fork(3 * S + i, 50_000 + i, 300));
  for (let i = 0; i < 8000; i++) {
    past.tell(
      ...command((10 + i) * S, 1000 + i, i % 2 === 0 ? 100 : 200, `${"o".repeat(300)}${i}`),
    );
  }
  past.flush();
  rest(retention, past.db);
  past.end();
  const history = new History(past.path);
  const users = history.db.prepare(
    `SELECT uid, count(*) AS n, min(started_boot_ns) AS oldest FROM process
      WHERE comm = 'do' GROUP BY uid`,
  ).all();
  assert.deepEqual(users.map(({ uid }) => uid), [0, ALICE]);
  for (const { n, oldest } of users) {
    assert.ok(Number(n) > 50);
    assert.ok(Math.abs(Number(oldest) - history.boots[0]!.since) < 5 * S);
  }
  history.close();
});
