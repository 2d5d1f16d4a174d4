import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { openForReading } from "../../src/history/file.ts";
import { HistoryError } from "../../src/history/history_error.ts";
import { CommonShares } from "../../src/model/common_shares.ts";
import { Users } from "../../src/proc/passwd.ts";
import { Recorder, type RecorderSettings } from "../../src/recorder/recorder.ts";
import type { World } from "../../src/recorder/world.ts";
import { Session } from "../../src/session.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { fakeProcfs } from "../support/fake_procfs.ts";
import { HandFed } from "../support/hand_fed.ts";
import { PAST_BOOT, PAST_EPOCH } from "../support/past.ts";
import { ask, Subscription } from "../support/server.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const BOOT_ID = { "sys/kernel/random/boot_id": `${PAST_BOOT}\n` };
const LIMITS = { keepMs: 3600e3, maxBytes: 64 << 20 };
const SCAN = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** Nobody asks them. */
const questions = { tree: () => Promise.reject(), why: () => Promise.reject() };

/** A recorder of a test, and the world around it. */
class Recording {
  readonly folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  readonly path: string;
  readonly source = new HandFed(PAST_EPOCH, 10 * S);
  readonly said: string[] = [];
  readonly #abort = new AbortController();
  readonly #procfs = fakeProcfs([], BOOT_ID);
  #signalled: ((name: string) => boolean) | null = null;
  readonly ended: Promise<void>;

  constructor(parts: Partial<RecorderSettings> = {}, before?: Recording) {
    this.path = before?.path ?? join(this.folder, "history.db");
    const capture = {
      source: "poll",
      procRoot: "",
      env: [],
      intervalNs: null,
      realtime: false,
    } as const;
    const world: World = {
      procRoot: this.#procfs.root,
      env: {},
      euid: 0,
      users: new Users(() => "", () => 0),
      shares: CommonShares.of(),
      signal: this.#abort.signal,
      onSignal: (listener) => this.#signalled = listener,
      now: () => PAST_EPOCH.seconds * 1000 + 60_000,
      say: (text) => void this.said.push(text),
      complain: (text) => void this.said.push(text),
      openSession: (told) => Session.open({ capture, ...told }, this.source.start),
    };
    const history = { path: this.path, limits: LIMITS, argv: true };
    this.ended = new Recorder(world, { history, socket: null, ...parts }).run();
    this.ended.catch(() => {});
  }

  /** Waits until it has said that it is at work. */
  async begun(): Promise<this> {
    const begins = "source replay: a test feeds it";
    await until(() => this.said.includes(begins));
    return this;
  }

  hangUp(): void {
    assert.equal(this.#signalled!("SIGHUP"), true);
  }

  /** Ends it, as SIGTERM does. */
  async end(): Promise<void> {
    this.#abort.abort("SIGTERM");
    await this.ended;
  }

  /** Pids and states of all processes in its file. */
  rows(): [pid: number, state: unknown][] {
    const db = openForReading(this.path);
    try {
      return db.prepare("SELECT pid, state FROM process ORDER BY pid").all()
        .map(({ pid, state }) => [Number(pid), state]);
    } finally {
      db.close();
    }
  }

  [Symbol.dispose](): void {
    this.#procfs.remove();
    rmSync(this.folder, { recursive: true });
  }
}

test("a recorder keeps what a session tells until it is ended", async () => {
  using it = await new Recording().begun();
  it.source.send([...SCAN, fork(11 * S, 5, 1), exec(11.1 * S, 5, "a")]);
  it.source.last = [exit(12 * S, 5, 0)];
  await it.end();
  assert.deepEqual(it.rows(), [[1, "running"], [5, "exited"]], "what was in hand is kept, too");
  assert.deepEqual(it.said, [
    "source replay: a test feeds it",
    `recording to ${it.path}, for 1h00m, up to 64 MiB`,
  ]);
});

test("a recorder knows after its first look what has ended while nobody recorded", async () => {
  using first = await new Recording().begun();
  first.source.send([...SCAN, fork(11 * S, 5, 1)]);
  await first.end();
  assert.deepEqual(first.rows(), [[1, "running"], [5, "running"]]);
  using second = await new Recording({}, first).begun();
  second.source.send(SCAN);
  await second.end();
  assert.deepEqual(first.rows(), [[1, "running"], [5, "unknown"]]);
});

test("a recorder keeps jobs, and answers about them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    const place = { path: join(folder, "fh.sock"), group: null };
    using it = await new Recording({ socket: { place, needed: true, questions } }).begun();
    const own = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
    // A process of whoever runs the test.
    for (const event of own) event.d = process.getuid!();
    it.source.send(own);
    await ask(place.path, "job_create", { name: "work" });
    await ask(place.path, "job_add", { job: "work", pids: [1] });
    it.source.send([fork(11 * S, 5, 1), fork(12 * S, 6, 5)]);
    assert.equal((await ask(place.path, "job_show", { job: "work" })).members, 3);
    await it.end();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder goes on in a new file after SIGHUP where the old one was moved", async () => {
  using it = await new Recording().begun();
  it.source.send([...SCAN, fork(11 * S, 5, 1)]);
  renameSync(it.path, `${it.path}.1`);
  it.hangUp();
  it.source.send([fork(12 * S, 6, 1)]);
  await it.end();
  assert.deepEqual(it.rows().map(([pid]) => pid), [1, 5, 6]);
});

test("a recorder without a place for its file ends, and tells nobody what follows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    const place = { path: join(folder, "fh.sock"), group: null };
    using it = await new Recording({ socket: { place, needed: true, questions } }).begun();
    assert.equal(it.said.at(-1), `listening on ${place.path}`);
    it.source.send(SCAN);
    const listening = await Subscription.open(place.path, { filter: { event: ["fork"] } });
    const pids = () => listening.events.map(({ pid }) => pid).filter((pid) => pid !== undefined);
    it.source.send([fork(11 * S, 5, 1)]);
    await listening.until("fork", () => pids().length > 0);
    renameSync(it.path, `${it.path}.1`);
    mkdirSync(it.path);
    it.source.last = [fork(12 * S, 6, 1)];
    it.hangUp();
    await assert.rejects(it.ended, HistoryError);
    await listening.close();
    assert.deepEqual(pids(), [5]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder ends with the error of its source", async () => {
  using it = await new Recording().begun();
  it.source.send(SCAN);
  it.source.fail(new Error("it is gone"));
  await assert.rejects(it.ended, /it is gone/);
  assert.deepEqual(it.rows(), [[1, "running"]]);
});

/** A socket that cannot be: its folder is a file. */
const nowhere = (folder: string) => join(folder, "file", "fh.sock");

test("a recorder goes on without a socket that nobody has asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    writeFileSync(join(folder, "file"), "");
    const place = { path: nowhere(folder), group: null };
    using it = await new Recording({ socket: { place, needed: false, questions } }).begun();
    await it.end();
    assert.match(it.said[0]!, /^no socket: Cannot listen on /);
    using needed = new Recording({ socket: { place, needed: true, questions } });
    await assert.rejects(needed.ended, (error: Error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /^Cannot listen on /);
      return true;
    });
    using alone = new Recording({ history: null, socket: { place, needed: true, questions } });
    await assert.rejects(alone.ended, /^CommandError: Cannot listen on /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder with nobody to tell is none", async () => {
  const place = { path: null, group: null };
  using it = new Recording({ history: null, socket: { place, needed: true, questions } });
  await assert.rejects(it.ended, /^CommandError: Nowhere to listen: XDG_RUNTIME_DIR is not set; /);
});
