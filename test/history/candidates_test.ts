import assert from "node:assert/strict";
import { test } from "node:test";
import { createFilter } from "../../src/ask/filter.ts";
import { parseNameGlob } from "../../src/ask/text/values.ts";
import { findCandidates, type SoughtLives } from "../../src/history/candidates.ts";
import { History } from "../../src/history/history.ts";
import { latestNamed } from "../../src/history/latest_named.ts";
import type { Life } from "../../src/history/life.ts";
import { encodeImage, NO_IMAGE } from "../../src/model/image.ts";
import { finish } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { random } from "../support/random.ts";

const S = 1e9;
const NOTHING: SoughtLives = { ofImage: null, sought: null, pids: null, minDuration: null };
/** One more than are listed. */
const TOO_MANY = 20_001;

function find(path: string, sought: Partial<SoughtLives>): readonly Life[] | null {
  const history = new History(path);
  try {
    return findCandidates(history, { ...NOTHING, ...sought });
  } finally {
    history.close();
  }
}

const named = (name: string): SoughtLives["ofImage"] => ({ image }) => image.comm === name;
const pidsOf = (lives: readonly Life[] | null) =>
  lives?.map(({ pid }) => pid).toSorted((a, b) => a - b) ?? null;

/** Three generations below 100, each twice; the pids of the last come round. */
function family(): TestRecorder {
  const past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/make", "all"));
  for (const at of [3, 6]) {
    past.tell(fork(at * S, 200, 100), exec(at * S + 1, 200, "/bin/sh", "-c", "cc"));
    past.tell(fork(at * S + 2, 300, 200), exec(at * S + 3, 300, "/bin/nice", "cc"));
    past.tell(exec(at * S + 4, 300, "/bin/cc"));
    past.tell(exit(at * S + 2 * S, 300, 0), exit(at * S + 2 * S + 1, 200, 0));
  }
  past.tell(fork(9 * S, 300, 1), exec(9 * S + 1, 300, "/bin/other"), exit(9 * S + 2, 300, 0));
  return past.end();
}

test("by a pid: all lives that had it, and what descends from them", () => {
  using past = family();
  assert.deepEqual(pidsOf(find(past.path, { pids: [100] })), [100, 200, 200, 300, 300]);
  assert.deepEqual(pidsOf(find(past.path, { pids: [300] })), [300, 300, 300]);
  assert.deepEqual(pidsOf(find(past.path, { pids: [200, 300] })), [200, 200, 300, 300, 300]);
  assert.deepEqual(pidsOf(find(past.path, { pids: [4711] })), []);
});

test("by an image: who executed it, and who was forked with it", () => {
  using past = family();
  assert.deepEqual(pidsOf(find(past.path, { ofImage: named("other") })), [300]);
  assert.deepEqual(pidsOf(find(past.path, { ofImage: named("cc") })), [300, 300]);
  const makers = pidsOf(find(past.path, { ofImage: named("make") }))!;
  for (const pid of [100, 200]) assert.ok(makers.includes(pid), `${pid} had that image`);
  assert.deepEqual(pidsOf(find(past.path, { ofImage: named("nice") })), [300, 300]);
  assert.deepEqual(find(past.path, { ofImage: named("nobody") }), []);
});

test("an image has all that a filter may ask for", () => {
  using past = family();
  const byExe = (path: string): SoughtLives["ofImage"] => ({ image }) => image.exe === path;
  assert.deepEqual(pidsOf(find(past.path, { ofImage: byExe("/bin/other") })), [300]);
});

test("the latest that is called by its script, or by a name that the kernel cuts", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/usr/bin/python3", "/opt/hog.py"));
  past.tell(fork(3 * S, 101, 1), exec(3 * S + 1, 101, "/usr/bin/python3", "/opt/other.py"));
  past.tell(fork(4 * S, 102, 1), exec(4 * S + 1, 102, "/lib/systemd-journald"));
  past.tell(fork(5 * S, 103, 1), exec(5 * S + 1, 103, "/lib/systemd-journalctl")).end();
  const history = new History(past.path);
  const latest = (name: string) => finish(latestNamed(history, name))?.pid ?? null;
  assert.equal(latest("hog.py"), 100);
  assert.equal(latest("python3"), 101);
  assert.equal(latest("systemd-journald"), 102, "not who is called the same by the kernel");
  assert.equal(latest("systemd-journal"), 103);
  assert.equal(latest("systemd-journalx"), null);
  assert.equal(latest("nobody"), null);
  history.close();
});

test("by a duration: only where an index knows who lived for long", () => {
  using past = family();
  assert.deepEqual(pidsOf(find(past.path, { minDuration: 1.5 * S })), [200, 200, 300, 300]);
  assert.deepEqual(find(past.path, { minDuration: 3 * S }), []);
  assert.equal(find(past.path, { minDuration: S }), null);
  assert.equal(find(past.path, {}), null);
});

test("the image is asked before the pid", () => {
  using past = family();
  const sought = { ofImage: named("cc"), pids: [100] };
  assert.deepEqual(pidsOf(find(past.path, sought)), [300, 300]);
});

test("more than are worth listing are not listed", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 100, 1), exec(2 * S + 1, 100, "/bin/many"));
  for (let i = 0; i < TOO_MANY; i++) {
    const at = 3 * S + i * 10;
    past.tell(fork(at, 1000 + i, 100), exec(at + 1, 1000 + i, "/bin/one"));
    past.tell(exit(at + 2 * S, 1000 + i, 0));
  }
  past.tell(fork(9 * S, 101, 1), exec(9 * S + 1, 101, "/bin/few")).end();
  assert.equal(find(past.path, { ofImage: named("one") }), null);
  assert.equal(find(past.path, { ofImage: named("many") }), null, "its children had it, too");
  assert.equal(find(past.path, { pids: [100] }), null);
  assert.equal(find(past.path, { minDuration: 1.5 * S }), null);
  assert.deepEqual(pidsOf(find(past.path, { ofImage: named("few") })), [101]);
  assert.deepEqual(pidsOf(find(past.path, { ofImage: named("one"), pids: [101] })), [101]);
});

test("of a random family nobody is left out who descends from a pid", () => {
  using past = new TestRecorder();
  const next = random(11);
  const parents = new Map<number, number>();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  for (let pid = 2; pid <= 2000; pid++) {
    const ppid = 1 + Math.floor(next() * (pid - 1));
    parents.set(pid, ppid);
    past.tell(fork(2 * S + pid, pid, ppid));
  }
  past.end();
  for (const top of [1, 2, 17, 500, 1999]) {
    const below = [top];
    for (const at of below) {
      for (const [pid, ppid] of parents) if (ppid === at) below.push(pid);
    }
    assert.deepEqual(pidsOf(find(past.path, { pids: [top] })), below.toSorted((a, b) => a - b));
  }
});

test("a command line is looked for among texts first, and the same lives are found", () => {
  using past = family();
  const users = { uid: () => null };
  for (
    const pattern of [/make/, /-c cc/, /^\/bin\/nice/, /oth.r/, /all$/, /other|make/, /nobody/]
  ) {
    const { ofImage, sought } = createFilter({ match: [pattern] }, users);
    const found = find(past.path, { ofImage, sought });
    assert.deepEqual(found?.map(({ id }) => id), find(past.path, { ofImage })?.map(({ id }) => id));
    assert.equal(found!.length > 0, pattern.source !== "nobody", String(pattern));
  }
});

test("below one that runs another program now may be who began with the image", () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 200, 1), exec(2 * S + 1, 200, "/bin/python3", "marker777"));
  past.tell(fork(3 * S, 201, 200), fork(4 * S, 202, 201), fork(5 * S, 203, 202));
  past.tell(exec(6 * S, 201, "/bin/sleep", "9"), exec(6 * S, 202, "/bin/sleep", "9"));
  past.tell(exit(7 * S, 203, 0x700), fork(8 * S, 204, 201), exit(9 * S, 204, 0)).end();
  const { ofImage, sought } = createFilter({ match: [/marker777/] }, { uid: () => null });
  // 204 was forked when 201 had another image.
  assert.deepEqual(pidsOf(find(past.path, { ofImage, sought })), [200, 201, 202, 203]);
  assert.deepEqual(pidsOf(find(past.path, { ofImage })), [200, 201, 202, 203]);
});

test("a filter of many alternatives is answered, too", () => {
  using past = family();
  const many = Array.from({ length: 1200 }, (_, i) => `zzz${i}q`).join("|");
  for (const match of [[new RegExp(`make|${many}`)], [new RegExp(many), /make/]]) {
    const { ofImage, sought } = createFilter({ match }, { uid: () => null });
    assert.equal(sought, null);
    assert.ok(find(past.path, { ofImage, sought })!.length > 0);
  }
});

test("who has no command line is looked for by name, as before", () => {
  using past = new TestRecorder();
  const argvOf = (argv: Uint8Array | null) => {
    const event = exec(3 * S, 200 + (argv === null ? 0 : 1), "/bin/nameless");
    event.text = encodeImage({
      ...NO_IMAGE.parts,
      argv,
      comm: new TextEncoder().encode("nameless"),
    });
    return event;
  };
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 200, 1), argvOf(null), fork(2 * S, 201, 1), argvOf(new Uint8Array(0)));
  past.end();
  const { ofImage, sought } = createFilter({ match: [/nameless/] }, { uid: () => null });
  assert.deepEqual(sought, { in: "command line", literals: ["nameless"] });
  assert.deepEqual(pidsOf(find(past.path, { ofImage, sought })), [200, 201]);
});

test("a name is looked for among texts first, and the same lives are found", () => {
  using past = family();
  const users = { uid: () => null };
  for (const name of ["cc", "make", "sh", "nobody", "c?", "nightly-backup-of-all"]) {
    const { ofImage, sought } = createFilter({ comm: [parseNameGlob(name)] }, users);
    assert.equal(sought === null, name === "c?");
    const found = find(past.path, { ofImage, sought });
    assert.deepEqual(found?.map(({ id }) => id), find(past.path, { ofImage })?.map(({ id }) => id));
    assert.equal(found!.length > 0, !name.startsWith("n"), name);
  }
});

test("a long name is found by what the kernel keeps of it", () => {
  using past = new TestRecorder();
  const short = exec(3 * S, 200, "/opt/x");
  short.text = encodeImage({
    ...NO_IMAGE.parts,
    comm: new TextEncoder().encode("nightly-backup-"),
  });
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  past.tell(fork(2 * S, 200, 1), short, fork(4 * S, 201, 1));
  past.tell(exec(5 * S, 201, "/bin/sh", "/opt/nightly-backup-of-all")).end();
  const comm = [parseNameGlob("nightly-backup-of-all")];
  const { ofImage, sought } = createFilter({ comm }, { uid: () => null });
  assert.deepEqual(pidsOf(find(past.path, { ofImage, sought })), [200, 201]);
});

test("of a user the images are found by the user", () => {
  using past = family();
  const { ofImage, sought } = createFilter({ user: ["0", "1000"] }, { uid: Number });
  assert.deepEqual(sought, { in: "user", uids: [0, 1000] });
  const found = find(past.path, { ofImage, sought });
  assert.ok(found!.length > 0);
  assert.deepEqual(found?.map(({ id }) => id), find(past.path, { ofImage })?.map(({ id }) => id));
  const nobody = createFilter({ user: ["4711"] }, { uid: Number });
  assert.deepEqual(find(past.path, nobody.ofImage === null ? {} : nobody), []);
});
