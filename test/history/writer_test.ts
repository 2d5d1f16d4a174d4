import assert from "node:assert/strict";
import { test } from "node:test";
import type { History } from "../../src/history/history.ts";
import type { Life } from "../../src/history/life.ts";
import { LIFE_FLAG, NO_EXEC } from "../../src/history/schema.ts";
import { EVENT } from "../../src/model/event.ts";
import { encodeImage, NO_IMAGE } from "../../src/model/image.ts";
import { exec, exit, fork, gap, scan, simple } from "../support/events.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";
import { ask, begun, comm, flagsOf, INIT, lifeOf, SHELL } from "../support/written.ts";

const S = 1e9;
const MS = 1e6;

const commandOf = ({ image }: Life) => image.argv?.join(" ");

/** What a life ran at a time. */
function ranAt(history: History, life: Life, ns: number): string | undefined {
  history.lives.dressAt(life, ns);
  return commandOf(life);
}

test("what came and went between two flushes is one row, with all that is known", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), exec(2 * S + MS, 200, "/bin/date", "-u"));
  past.tell(exit(2 * S + 3 * MS, 200, 0x300, 200, 100)).end();
  ask(past.path, (history) => {
    const life = lifeOf(history, 200);
    assert.deepEqual([life.born, life.end, life.exec], [2 * S, 2 * S + 3 * MS, MS]);
    assert.deepEqual([life.status, life.reaper, flagsOf(life)], [0x300, null, 0]);
    assert.deepEqual([life.start, life.parent?.pid, life.state], [2 * S, 100, "exited"]);
    assert.equal(commandOf(life), "/bin/date -u");
    assert.equal(ranAt(history, life, 2 * S), "/bin/sh");
    assert.equal(history.lastRun()?.events, 5);
  });
});

test("what runs at a flush is a row that later ones bring up to date", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100)).flush();
  ask(past.path, (history) => {
    const life = lifeOf(history, 200);
    assert.deepEqual([life.state, life.exec, commandOf(life)], ["running", null, "/bin/sh"]);
  });
  past.tell(exec(4 * S, 200, "/bin/top")).flush();
  past.tell(simple(EVENT.coredump, 5 * S, 200), exit(5 * S, 200, 0x8b, 200, 1)).flush();
  ask(past.path, (history) => {
    const life = lifeOf(history, 200);
    assert.deepEqual([life.exec, life.end, life.status], [2 * S, 5 * S, 0x8b]);
    assert.deepEqual([life.dumped, life.reaper, commandOf(life)], [true, 1, "/bin/top"]);
  });
  past.end();
});

test("children keep their parents, however many come and go between two flushes", () => {
  using past = begun();
  const count = 10_000;
  const pids = Array.from({ length: count }, (_, i) => 1000 + i);
  for (const pid of pids) past.tell(fork(2 * S, pid, 100), exit(2 * S, pid, 0));
  // A chain, each link of which dies after it has forked the next.
  past.tell(fork(3 * S, 20_000, 100));
  for (const pid of pids) {
    past.tell(fork(3 * S, pid + 19_001, pid + 19_000), exit(3 * S, pid + 19_000, 0));
  }
  past.end();
  ask(past.path, (history) => {
    const parents = history.db.prepare(
      `SELECT p.pid AS ppid, count(*) AS n, sum(l.exec IS NULL) AS inherited FROM life l
        LEFT JOIN life p ON p.id = l.parent WHERE l.pid BETWEEN 1000 AND 19999 GROUP BY 1`,
    ).all().map((row) => ({ ...row }));
    assert.deepEqual(parents, [{ ppid: 100, n: count, inherited: count }]);
    let at = lifeOf(history, 20_000 + count);
    for (let n = count; n > 0; n--) {
      assert.equal(at.parent?.pid, 19_999 + n);
      at = at.parent as Life;
    }
  });
});

test("who was there before, or was met by chance, is marked", () => {
  using past = begun();
  past.tell(
    exec(2 * S, 300, "/bin/unknown"),
    exit(3 * S, 400, 0, 400, 100),
    simple(EVENT.uid, 3 * S, 500, 7, 7),
  ).end();
  ask(past.path, (history) => {
    const shell = lifeOf(history, 100);
    assert.deepEqual([flagsOf(shell), shell.start, shell.exec], [LIFE_FLAG.found, 5e8, null]);
    const unknown = LIFE_FLAG.found | LIFE_FLAG.startUnknown;
    for (const pid of [300, 500]) assert.equal(flagsOf(lifeOf(history, pid)), unknown);
    assert.deepEqual([lifeOf(history, 300).start, lifeOf(history, 300).parent], [null, null]);
    assert.equal(commandOf(lifeOf(history, 300)), "/bin/unknown");
    const unborn = lifeOf(history, 400);
    assert.deepEqual([flagsOf(unborn), unborn.parent?.pid, unborn.status], [unknown, 100, 0]);
    const [row] = history.db.prepare("SELECT exec FROM life WHERE pid = 100").all();
    assert.equal(row!["exec"], NO_EXEC);
    assert.equal(lifeOf(history, 300).id, "7c0a51fe-300-~200");
  });
});

test("every image that an exec ended is kept, with its time", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), exec(3 * S, 200, "/bin/env", "ls")).flush();
  past.tell(exec(4 * S, 200, "/bin/nice", "ls"), exec(5 * S, 200, "/bin/ls")).flush();
  past.tell(fork(6 * S, 201, 200), exit(7 * S, 200, 0)).end();
  ask(past.path, (history) => {
    const life = lifeOf(history, 200);
    const times = [2, 3, 3.9, 4, 5, 9].map((seconds) => ranAt(history, life, seconds * S));
    assert.deepEqual(times, [
      "/bin/sh",
      "/bin/env ls",
      "/bin/env ls",
      "/bin/nice ls",
      "/bin/ls",
      "/bin/ls",
    ]);
    assert.equal(commandOf(lifeOf(history, 201)), "/bin/ls");
    assert.equal(history.byComm("env")?.pid, 200);
  });
});

test("a new name or user is another image; one that never rests is no history", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), comm(3 * S, 200, "worker"), simple(EVENT.uid, 4 * S, 200, 33));
  past.tell(fork(2 * S, 300, 100));
  for (let i = 0; i < 500; i++) past.tell(comm(5 * S + i * MS, 300, `busy ${i}`));
  past.end();
  ask(past.path, (history) => {
    const life = lifeOf(history, 200);
    const at = (seconds: number) => {
      history.lives.dressAt(life, seconds * S);
      return [life.image.comm, life.uid];
    };
    assert.deepEqual([at(2), at(3), at(4)], [["sh", 0], ["worker", 0], ["worker", 33]]);
    const [row] = history.db.prepare(
      "SELECT count(*) AS n FROM former JOIN life ON life = life.id WHERE pid = 300",
    ).all();
    assert.ok(Number(row!["n"]) <= 101, `${row!["n"]} names were kept`);
    assert.equal(lifeOf(history, 300).image.comm, "busy 499");
  });
});

test("two lives of a pid within one tick are two rows with two ids", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), exit(2 * S + 1000, 200, 0x100));
  past.tell(fork(2 * S + 2000, 200, 100), exit(2 * S + 3000, 200, 0x200)).end();
  ask(past.path, (history) => {
    const lives = history.byPid(200);
    assert.deepEqual(lives.map(({ status }) => status), [0x200, 0x100]);
    assert.deepEqual(lives.map((life) => life.id), [
      "7c0a51fe-200-200.2",
      "7c0a51fe-200-200",
    ]);
  });
});

test("what a rescan adds and ends is marked, and the loss is in the file", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), gap(3 * S, 7));
  const found = { pid: 300, ppid: 100, start: 2.5 * S, argv: ["/bin/late"] };
  past.tell(...scan(3 * S, 3 * S + MS, [INIT, SHELL, found])).end();
  ask(past.path, (history) => {
    const gone = lifeOf(history, 200);
    assert.deepEqual([gone.state, gone.status], ["exited", null]);
    assert.equal(flagsOf(gone), LIFE_FLAG.endInferred);
    assert.equal(flagsOf(lifeOf(history, 300)), LIFE_FLAG.found);
    assert.equal(lifeOf(history, 300).parent?.pid, 100);
    const [boot] = history.boots;
    const gaps = history.gaps({ boot: boot!, since: 0, until: 9 * S });
    assert.deepEqual(gaps.map(({ lost, reason, until }) => [lost, reason, until]), [
      [7, "overflow", 3 * S],
    ]);
    assert.equal(history.lastRun()?.lost, 7);
  });
});

/** 200 leaves 201, 202, 203 and 204 behind, and all four live at the end of the first run. */
function firstRun(): TestRecorder {
  const past = begun();
  past.tell(fork(2 * S, 200, 100), exec(2 * S + MS, 200, "/bin/leaver"));
  for (const pid of [201, 202, 203, 204]) past.tell(fork(2 * S + 2 * MS + pid, pid, 200));
  past.tell(exec(2 * S + 3 * MS, 201, "/bin/stayer"), exit(3 * S, 200, 0));
  return past.tell(exit(4 * S, 999, 0)).end();
}

const orphan = (pid: number, argv: string, start = 2 * S) => ({
  pid,
  ppid: 1,
  start,
  argv: [argv],
});

test("a run on the same boot goes on with who lives, and closes who has ended", () => {
  using first = firstRun();
  const before = ask(first.path, (history) => lifeOf(history, 201).key);
  const second = new TestRecorder(first.path, { since: 10 * S, pid: 111 });
  const zombie = { ...orphan(204, "/bin/leaver"), state: "Z" };
  const events = scan(10 * S, 10 * S, [
    INIT,
    SHELL,
    orphan(201, "/bin/stayer"),
    // Another process has the pid by now.
    orphan(203, "/bin/other", 8 * S),
    zombie,
    orphan(205, "/bin/new", 9 * S),
  ]);
  const emptied = events.find(({ pid }) => pid === 204)!;
  emptied.text = encodeImage({ ...NO_IMAGE.parts, comm: new TextEncoder().encode("leaver") });
  second.tell(...events, exit(11 * S, 201, 0x600)).end();
  ask(first.path, (history) => {
    const stayer = lifeOf(history, 201);
    assert.deepEqual([stayer.key, stayer.born, stayer.exec], [
      before,
      2 * S + 2 * MS + 201,
      MS - 201,
    ]);
    assert.deepEqual([stayer.parent?.pid, stayer.reaper, stayer.status], [200, 1, 0x600]);
    assert.deepEqual([flagsOf(stayer), commandOf(stayer)], [0, "/bin/stayer"]);
    const ended = lifeOf(history, 202);
    assert.deepEqual([ended.state, flagsOf(ended), ended.end], [
      "unknown",
      LIFE_FLAG.endUnknown,
      null,
    ]);
    assert.equal(ended.born + ended.seenFor, 4 * S + 1, "it was there when the run ended");
    assert.deepEqual(history.byPid(203).map(({ state }) => state), ["running", "unknown"]);
    const left = lifeOf(history, 204);
    assert.deepEqual([left.state, left.status, flagsOf(left)], [
      "exited",
      null,
      LIFE_FLAG.endInferred,
    ]);
    assert.equal(commandOf(left), "/bin/leaver", "a zombie has lost its command line, not we");
    assert.equal(flagsOf(lifeOf(history, 205)), LIFE_FLAG.found);
    const gaps = history.gaps({ boot: history.boots[0]!, since: 0, until: 99 * S });
    assert.deepEqual(gaps.map(({ since, until, lost, reason }) => [since, until, lost, reason]), [
      [4 * S + 1, 10 * S, null, "not recording"],
    ]);
    assert.equal(history.lastRun()?.pid, 111);
  });
});

test("whose fork was told beyond the tick of its start is one life over two runs", () => {
  using first = new TestRecorder().tell(...scan(S, S, [INIT]));
  // /proc has the start in the tick before.
  first.tell(fork(3 * S + 5000, 300, 1), exec(3.1 * S, 300, "/bin/sh")).end();
  const second = new TestRecorder(first.path, { since: 10 * S });
  const living = { pid: 300, ppid: 1, start: 3 * S - 10 * MS, argv: ["/bin/sh"] };
  second.tell(...scan(10 * S, 10 * S, [INIT, living]), exit(11 * S, 300, 256)).end();
  ask(first.path, (history) => {
    const lives = history.byPid(300).map(({ born, end, status }) => [born, end, status]);
    assert.deepEqual(lives, [[3 * S + 5000, 11 * S, 256]]);
  });
});

test("a process whose leader ended between two runs keeps the command line that was known", () => {
  using first = firstRun();
  const second = new TestRecorder(first.path, { since: 10 * S, pid: 111 });
  const leaderless = { ...orphan(201, "/bin/stayer"), state: "Z", threads: 2 };
  const events = scan(10 * S, 10 * S, [INIT, SHELL, leaderless]);
  const emptied = events.find(({ pid }) => pid === 201)!;
  emptied.text = encodeImage({ ...NO_IMAGE.parts, comm: new TextEncoder().encode("stayer") });
  second.tell(...events).flush();
  ask(first.path, (history) => {
    const life = lifeOf(history, 201);
    assert.deepEqual([life.state, commandOf(life)], ["running", "/bin/stayer"]);
  });
  second.tell(exit(11 * S, 201, 0x300, 202)).end();
  ask(first.path, (history) => {
    const life = lifeOf(history, 201);
    assert.deepEqual([life.state, life.status, commandOf(life)], ["exited", 0x300, "/bin/stayer"]);
  });
});

test("another image than before the pause came at a time that is not known", () => {
  using first = firstRun();
  const second = new TestRecorder(first.path, { since: 10 * S });
  second.tell(...scan(10 * S, 10 * S, [INIT, SHELL, orphan(201, "/bin/become")])).end();
  ask(first.path, (history) => {
    const life = lifeOf(history, 201);
    assert.deepEqual([life.exec, commandOf(life)], [null, "/bin/become"]);
    assert.equal(ranAt(history, life, 5 * S), "/bin/stayer");
    assert.equal(ranAt(history, life, 11 * S), "/bin/become");
  });
});

test("what another boot left open ended with it", () => {
  using first = firstRun();
  const bootId = "aaaaaaaa-1111-4222-8333-444444444444";
  const second = new TestRecorder(first.path, { bootId, since: 2 * S });
  second.tell(...scan(2 * S, 2 * S, [INIT, orphan(201, "/bin/stayer")])).end();
  ask(first.path, (history) => {
    const [now, then] = history.byPid(201);
    assert.deepEqual([now!.boot.shortId, now!.state], ["aaaaaaaa", "running"]);
    assert.deepEqual([then!.state, then!.born + then!.seenFor], ["unknown", 4 * S + 1]);
    for (const boot of history.boots) {
      assert.deepEqual(history.gaps({ boot, since: 0, until: 99 * S }), [], "no pause, a boot");
    }
  });
});

test("the clock is known from the beginning, and its settings are", () => {
  using past = new TestRecorder();
  ask(past.path, ({ boots }) => {
    assert.equal(boots[0]!.moment(S), PAST_EPOCH.seconds * 1000 + 1000, "before the first flush");
  });
  const { seconds } = PAST_EPOCH;
  past.tell(...scan(S, S, [INIT])).flush();
  past.tell(fork(2 * S, 200, 1)).flush({ seconds, ns: 900_000 });
  past.tell(fork(3 * S, 201, 1)).flush({ seconds: seconds + 60, ns: 0 });
  past.tell(fork(4 * S, 202, 1)).flush({ seconds: seconds - 60, ns: 0 });
  ask(past.path, ({ db, boots }) => {
    const [row] = db.prepare("SELECT count(*) AS n FROM clock").all();
    assert.equal(row!["n"], 3, "less than a millisecond is no setting");
    const offsets = [2, 3, 4].map((at) => boots[0]!.moment(at * S) / 1000 - seconds - at);
    assert.deepEqual(offsets, [0, 60, -60]);
  });
  past.writer.end(5 * S, { seconds: seconds - 60, ns: 0 });
});

test("a recorder that opens its file again goes on without a gap", () => {
  using first = begun();
  first.tell(fork(2 * S, 200, 100), fork(2 * S + 1, 201, 200), exit(3 * S, 200, 0)).end();
  const other = `${first.folder}/other.db`;
  const { machine } = first;
  for (const path of [first.path, other]) {
    for (const process of machine.processes()) process.key = 0;
    const again = new TestRecorder(path, { since: 4 * S, continued: true });
    again.writer.takeOver(machine.processes(), 4 * S, null);
    again.end();
    ask(path, (history) => {
      const life = lifeOf(history, 201);
      assert.equal(life.id, "7c0a51fe-201-200", path);
      assert.deepEqual([life.parent?.pid, life.parent?.status], [200, 0]);
      assert.deepEqual(history.gaps({ boot: history.boots[0]!, since: 0, until: 9 * S }), []);
    });
  }
});

test("no command line is written where none is wanted", () => {
  using past = new TestRecorder(undefined, { argv: false });
  past.tell(...scan(S, S, [INIT]), fork(2 * S, 200, 1));
  past.tell(exec(2 * S + 1, 200, "/bin/login", "secret")).end();
  ask(past.path, (history) => {
    const { image } = lifeOf(history, 200);
    assert.deepEqual([image.argv, image.comm, image.exe], [null, "login", "/bin/login"]);
    const [row] = history.db.prepare(
      "SELECT count(*) AS n FROM text WHERE value LIKE '%secret%'",
    ).all();
    assert.equal(row!["n"], 0);
  });
});
