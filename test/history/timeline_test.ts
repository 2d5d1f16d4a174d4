import assert from "node:assert/strict";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { test } from "node:test";
import { Boot, readBoots } from "../../src/history/boots.ts";
import { findCandidates } from "../../src/history/candidates.ts";
import { History } from "../../src/history/history.ts";
import { LIFE_FLAG } from "../../src/history/schema.ts";
import { pageSql } from "../../src/history/pages.ts";
import { SOURCES } from "../../src/history/timeline_feeds.ts";
import { Timeline, type TimelineQuery } from "../../src/history/timeline.ts";
import type { Change, ChangeKind } from "../../src/model/machine.ts";
import { exec, exit, fork, gap, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { random } from "../support/random.ts";

const S = 1e9;
const ALL: ReadonlySet<ChangeKind> = new Set(["fork", "exec", "exit"]);

function describe({ kind, time, process }: Change): string {
  return `${time} ${kind} ${process?.pid} ${process?.image.argv?.join(" ")}`;
}

/** Some thousand processes, short and long, with and without execs; what should be told. */
function busy(past: TestRecorder, count: number): string[] {
  const next = random(7);
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  const events: { at: number; tell: () => void; told: string }[] = [];
  for (let i = 0; i < count; i++) {
    const pid = 1000 + i;
    const born = Math.floor((2 + next() * 300) * S);
    const span = Math.floor(next() < 0.1 ? next() * 100 * S : next() * 0.5 * S) + 10;
    let argv = "/sbin/init";
    const told = (kind: string, at: number) => `${at} ${kind} ${pid} ${argv}`;
    const add = (kind: string, at: number, tell: () => void) =>
      events.push({ at, tell, told: told(kind, at) });
    add("fork", born, () => past.tell(fork(born, pid, 1)));
    for (let n = 0; n < Math.floor(next() * 3); n++) {
      const at = born + Math.floor(span * (n + 1) / 4);
      argv = `/bin/x ${pid} ${n}`;
      const words = argv.split(" ");
      add("exec", at, () => past.tell(exec(at, pid, ...words)));
    }
    if (next() < 0.02) continue;
    add("exit", born + span, () => past.tell(exit(born + span, pid, 0)));
  }
  events.sort((a, b) => a.at - b.at);
  events.forEach(({ tell }, i) => {
    tell();
    if (i % 1000 === 999) past.flush();
  });
  past.end();
  return events.map(({ told }) => told);
}

function told(history: History, query: TimelineQuery, since = 0, until = 1e12): string[] {
  const boot = history.boots[0]!;
  const lines: string[] = [];
  // Each change is the same object with other contents.
  for (const change of new Timeline(history).changes({ boot, since, until }, query)) {
    lines.push(describe(change));
  }
  return lines;
}

test("the timeline tells all that was told, in order, forwards and backwards", () => {
  using past = new TestRecorder();
  const expected = busy(past, 6000);
  const history = new History(past.path);
  const forwards = told(history, { kinds: ALL, backwards: false });
  assert.deepEqual(forwards, expected);
  assert.deepEqual(told(history, { kinds: ALL, backwards: true }).reverse(), forwards);
  // At seams nothing is missing and nothing is told twice.
  const next = random(3);
  const seams = [0, ...Array.from({ length: 20 }, () => Math.floor(next() * 320 * S)), 1e12];
  seams.sort((a, b) => a - b);
  const pieces = seams.slice(1).flatMap((until, i) =>
    told(history, { kinds: ALL, backwards: false }, seams[i], until)
  );
  assert.deepEqual(pieces, expected);
  history.close();
});

test("thousands that end in the same moment, and gaps, are told once at every seam", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  const crowds = [10 * S, 11 * S, 11 * S + 1, 400 * S];
  let pid = 1000;
  for (const at of crowds) {
    const first = pid;
    for (let i = 0; i < 3000; i++) past.tell(fork(at - S, pid++, 1));
    past.tell(gap(at - 1, 1));
    for (let of = first; of < pid; of++) past.tell(exit(at, of, of % 3));
    past.tell(gap(at, 2));
  }
  past.end();
  const history = new History(past.path);
  const count = (lines: readonly string[], kind: string) =>
    lines.filter((line) => line.includes(` ${kind} `)).length;
  for (const backwards of [false, true]) {
    const all = told(history, { kinds: ALL, backwards });
    assert.deepEqual([count(all, "fork"), count(all, "exit")], [12_000, 12_000]);
    assert.equal(count(all, "gap"), 8);
    const failures = told(history, { kinds: new Set(["exit"]), backwards, failed: true });
    assert.deepEqual([count(failures, "exit"), count(failures, "gap")], [8000, 8]);
    const seams = [0, ...crowds.flatMap((at) => [at - S, at - 1, at, at + 1]), 1e12];
    seams.sort((a, b) => a - b);
    const pieces = seams.slice(1).flatMap((until, i) =>
      told(history, { kinds: ALL, backwards }, seams[i], until)
    );
    assert.deepEqual(pieces.toSorted(), all.toSorted());
    const times = all.map((line) => parseInt(line));
    assert.deepEqual(times, times.toSorted((a, b) => backwards ? b - a : a - b));
  }
  history.close();
});

test("a time in which nobody recorded is told once, where it ended", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exit(4 * S, 100, 0)).end();
  new TestRecorder(past.path, { since: 10 * S }).end();
  const history = new History(past.path);
  const at = (since: number, until: number) =>
    told(history, { kinds: ALL, backwards: false }, since * S, until * S)
      .filter((line) => line.includes("gap"));
  assert.deepEqual([at(0, 10), at(4, 10), at(5, 9), at(11, 99)], [[], [], [], []]);
  for (const [since, until] of [[0, 99], [10, 11], [5, 11]] as const) {
    assert.deepEqual(at(since, until), [`${10 * S} gap undefined undefined`]);
  }
  history.close();
});

test("a whole answer tells of what is missing in its stretch, wherever that ends", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exit(3 * S, 100, 0), gap(9 * S, 39_107, 5 * S)).end();
  const history = new History(past.path);
  const [boot] = history.boots;
  for (const backwards of [false, true]) {
    for (const among of [null, []]) {
      const query = { kinds: ALL, backwards, among };
      const gaps = (since: number, until: number, whole: boolean) => {
        const span = { boot: boot!, since: since * S, until: until * S };
        const told: number[][] = [];
        for (
          const { kind, since, time, a } of new Timeline(history).changes(span, { ...query, whole })
        ) {
          if (kind === "gap") told.push([since / S, time / S, a]);
        }
        return told;
      };
      const it = [[5, 9, 39_107]];
      for (const [since, until] of [[0, 99], [6, 7], [1, 6], [8, 99], [8, 9]] as const) {
        assert.deepEqual(gaps(since, until, true), it, `${since} to ${until}`);
      }
      assert.deepEqual([gaps(0, 5, true), gaps(10, 99, true)], [[], []]);
      assert.deepEqual([gaps(6, 7, false), gaps(8, 10, false)], [[], it], "once at every seam");
    }
  }
  history.close();
});

test("candidates answer as going through everything does", () => {
  using past = new TestRecorder();
  const expected = busy(past, 3000);
  const history = new History(past.path);
  for (const pattern of [/ 10\d\d 0$/, / 1234 /, /nothing/]) {
    const among = findCandidates(history, {
      ofImage: ({ image }) => pattern.test(image.argv?.join(" ") ?? ""),
      sought: null,
      pids: null,
      minDuration: null,
    });
    assert.ok(among !== null);
    const found = told(history, { kinds: ALL, backwards: false, among });
    const wanted = expected.filter((line) => pattern.test(line));
    assert.deepEqual(found.filter((line) => pattern.test(line)), wanted);
  }
  history.close();
});

test("a child that had an image only until its exec is found by it", () => {
  using past = new TestRecorder();
  past.tell(
    ...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]),
    fork(2 * S, 10, 1),
    exec(2 * S + 1, 10, "/usr/bin/make"),
    fork(3 * S, 11, 10),
    fork(3 * S + 1, 12, 11),
    exec(3 * S + 2, 11, "/usr/bin/cc"),
    exit(4 * S, 12, 0),
    exit(4 * S, 11, 0),
    exit(4 * S, 10, 0),
  ).end();
  const history = new History(past.path);
  const ofImage = ({ image }: { image: { comm: string | null } }) => image.comm === "make";
  const among = findCandidates(history, { ofImage, sought: null, pids: null, minDuration: null });
  const forks = told(history, { kinds: new Set(["fork"]), backwards: false, among });
  assert.deepEqual(forks.filter((line) => line.includes("make")), [
    `${3 * S} fork 11 /usr/bin/make`,
    `${3 * S + 1} fork 12 /usr/bin/make`,
  ]);
  history.close();
});

test("a wall clock that was set back and forth leaves the order, and finds its times", () => {
  const epoch = (seconds: number) => ({ seconds, ns: 0 });
  const row = { id: 1, boot_id: "7c0a51fe-1111-4222-8333-444444444444", since: 0, until: 400 * S };
  const boot = new Boot(row, [
    { since: 0, epoch: epoch(1000) },
    { since: 100 * S, epoch: epoch(4600) },
    { since: 200 * S, epoch: epoch(900) },
  ], [{ since: 0, source: "connector" }]);
  for (const ns of [0, 50 * S, 99 * S, 100 * S, 150 * S, 200 * S, 399 * S]) {
    assert.equal(
      boot.moment(ns),
      (ns < 100 * S ? 1000 : ns < 200 * S ? 4600 : 900) * 1000 + ns / 1e6,
    );
  }
  assert.equal(boot.nsOf(4_750_000), 150 * S);
  assert.equal(boot.nsOf(1_250_000), 350 * S, "of a time that came twice the later");
  assert.equal(boot.nsOf(1_050_000), 50 * S, "and what came before it was set forward");
  assert.equal(boot.nsOf(2_000_000), 100 * S, "a moment that never was is that of the setting");
  assert.equal(boot.nsOf(9_400_000), 8500 * S, "what is not recorded yet lies ahead");
});

test("of any clock, a moment is found again, the latest time that showed it", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = random(seed);
    const until = 1000 * S;
    const settings = Array.from({ length: seed % 6 }, () => Math.floor(next() * until));
    const clock = [0, ...settings.sort((a, b) => a - b)].map((since) => ({
      since,
      epoch: { seconds: 1_795_478_400 + Math.floor((next() - 0.5) * 3000), ns: 5e8 },
    }));
    const row = { id: 1, boot_id: "", since: 0, until };
    const boot = new Boot(row, clock, []);
    for (let i = 0; i < 50; i++) {
      const ns = Math.floor(next() * until);
      const moment = boot.moment(ns);
      const found = boot.nsOf(moment);
      // A number holds milliseconds since 1970 to a quarter of a microsecond.
      assert.ok(Math.abs(boot.moment(found) - moment) < 0.001, `seed ${seed}: ${ns}, ${found}`);
      assert.ok(found >= ns - 1000, `seed ${seed}: ${found} is not the latest of ${ns}`);
      const later = Array.from({ length: 20 }, () => found + 2000 + next() * (until - found));
      for (const at of later) {
        if (at <= until) assert.ok(Math.abs(boot.moment(at) - moment) > 0.001, `seed ${seed}`);
      }
    }
  }
});

/** Adds `count` lives that have ended in the same moment, as those that nobody saw end. */
function crowd(path: string, count: number, born: number, end: number): void {
  using db = new DatabaseSync(path);
  db.exec(`INSERT INTO life (boot, pid, born, span, status, image, flags)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
    SELECT boot, 10000 + i, ${born} + i, ${end - born} - i, 0, image, ${LIFE_FLAG.endUnknown}
      FROM n, (SELECT boot, image FROM life LIMIT 1)`);
}

test("an index has the order of each page: nothing is passed over, nearly nothing sorted", () => {
  using past = new TestRecorder();
  for (const [name, source] of Object.entries(SOURCES)) {
    for (const backwards of [false, true]) {
      for (const sql of Object.values(pageSql(source, backwards))) {
        const steps = past.db.prepare(`EXPLAIN QUERY PLAN SELECT 1 ${sql}`).all();
        const plan = steps.map(({ detail }) => detail).join("; ");
        const place = /(<expr>|since|until|born)[=<>]/;
        assert.match(plan, place, name);
        // Of those born in the same moment the index has the spans between.
        if (name !== "long") assert.doesNotMatch(plan, /TEMP B-TREE/, name);
      }
    }
  }
  past.end();
});

test("a crowd that ended in one moment comes in pieces, each row read a few times", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]), gap(400 * S, 1));
  past.end();
  const count = 4000;
  crowd(past.path, count, 2 * S, 100 * S);
  crowd(past.path, count, 100.2 * S, 100.9 * S);
  const history = new History(past.path);
  const { lives } = history;
  const { take } = lives;
  let [taken, most, sinceLast] = [0, 0, 0];
  lives.take = function (row) {
    [taken, sinceLast] = [taken + 1, sinceLast + 1];
    most = Math.max(most, sinceLast);
    return take.call(this, row);
  };
  const boot = history.boots[0]!;
  for (const backwards of [false, true]) {
    [taken, most, sinceLast] = [0, 0, 0];
    const times: number[] = [];
    const span = { boot, since: 0, until: 1e12 };
    for (const change of new Timeline(history).steps(span, { kinds: ALL, backwards })) {
      if (change === null) sinceLast = 0;
      else times.push(change.time);
    }
    assert.equal(times.length, 4 * count + 1);
    assert.deepEqual(times, times.toSorted((a, b) => backwards ? b - a : a - b));
    assert.ok(taken <= 4 * count + 10, `${taken} taken`);
    assert.ok(most <= 2000, `${most} in one piece`);
  }
  history.close();
});

test("of thousands of clock settings and runs a few are looked at for each time", () => {
  let looked = 0;
  const from = (since: number) => ({
    get since() {
      looked++;
      return since;
    },
  });
  const count = 50_000;
  const clock = Array.from(
    { length: count },
    (_, i) => Object.assign(from(i * S), { epoch: { seconds: i, ns: 0 } }),
  );
  const runs = Array.from(
    { length: count },
    (_, i) => Object.assign(from(i * S), { source: String(i) }),
  );
  const boot = new Boot({ id: 1, boot_id: "", since: 0, until: count * S }, clock, runs);
  for (let i = 0; i < 100; i++) {
    assert.equal(boot.epochAt(i * S + 1).seconds, i);
    assert.equal(boot.sourceAt(i * S + 1), String(i));
  }
  assert.deepEqual([boot.epochAt(-5).seconds, boot.sourceAt(-5)], [0, "0"]);
  assert.ok(looked < 100 * 2 * 20, `${looked} looked at`);
});

test("the runs of all boots are read once", () => {
  using past = new TestRecorder();
  past.end();
  using db = new DatabaseSync(past.path);
  db.exec(`INSERT INTO boot (boot_id)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      SELECT printf('00000000-0000-0000-0000-%012d', i) FROM n;
    INSERT INTO run (boot, pid, since, kept, seen, source, why, version)
      SELECT id, 1, 5, 7, 9, 'poll', '', '' FROM boot WHERE id > 1`);
  const { prepare } = db;
  let asked = 0;
  db.prepare = (sql) => {
    const statement = prepare.call(db, sql);
    if (!/\brun\b/.test(sql)) return statement;
    const all = statement.all.bind(statement) as () => Record<string, SQLOutputValue>[];
    return Object.assign(statement, { all: (...given: []) => (asked++, all(...given)) });
  };
  const boots = readBoots(db);
  assert.equal(boots.length, 501);
  const last = boots.at(-1)!;
  assert.deepEqual([last.since, last.until, last.sourceAt(6)], [7, 9, "poll"]);
  assert.ok(asked <= 2, `${asked} times`);
});
