/** The limit of a history holds for the file and its log together. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { mayPass } from "../../src/history/history_error.ts";
import { Retention } from "../../src/history/retention.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const MAX_BYTES = 4 << 20;
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** A recorder that keeps 4 MiB, and is told of so many processes at a time. */
class Small extends TestRecorder {
  readonly #retention: Retention;
  largest = 0;
  #at = 10;
  #pid = 1000;

  constructor() {
    super();
    const limits = { keepMs: Infinity, maxBytes: MAX_BYTES };
    this.#retention = new Retention(this.db, limits, this.ledger, () => this.writer.forgetTexts());
    this.tell(...INIT).flush();
  }

  /** Bytes of the file and its log. */
  get size(): number {
    return ["", "-wal"].reduce((sum, suffix) => sum + statSync(this.path + suffix).size, 0);
  }

  /** Writes `count` processes with command lines of their own, and makes room. */
  storm(count: number): void {
    for (let i = 0; i < count; i++) {
      const [at, pid] = [this.#at += 0.001, this.#pid++];
      this.tell(fork(at * S, pid, 1), exec(at * S + 1, pid, "/bin/some", `argument ${pid}`));
      this.tell(exit(at * S + 2, pid, 0));
    }
    this.flush();
    this.#look();
    try {
      if (this.writer.failing === null) this.#retention.work(PAST_EPOCH.seconds * 1000);
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    this.#look();
  }

  #look(): void {
    this.largest = Math.max(this.largest, this.size);
  }
}

/** Somebody who looks at what there is, and goes on looking. */
class Reader {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { readOnly: true });
  }

  begin(): void {
    this.#db.exec("BEGIN");
    this.#db.prepare("SELECT count(*) FROM life").get();
  }

  end(): void {
    this.#db.exec("COMMIT");
  }

  close(): void {
    this.#db.close();
  }
}

test("file and log together stay within the limit", () => {
  using past = new Small();
  for (let i = 0; i < 70; i++) past.storm(300);
  assert.ok(past.largest > MAX_BYTES / 2, `${past.largest} bytes`);
  assert.ok(past.largest <= MAX_BYTES, `${past.largest} bytes`);
  past.end();
});

test("they do while somebody reads at all times, one after the other", () => {
  using past = new Small();
  const readers = [new Reader(past.path), new Reader(past.path)];
  readers[0]!.begin();
  for (let i = 0; i < 40; i++) {
    past.storm(300);
    readers[(i + 1) % 2]!.begin();
    readers[i % 2]!.end();
  }
  assert.ok(past.largest <= MAX_BYTES, `${past.largest} bytes`);
  for (const reader of readers) reader.close();
  past.storm(1);
  assert.deepEqual([past.writer.failing, past.writer.waiting], [null, 0]);
  past.end();
});

test("while somebody reads for very long what comes waits, and nothing is lost", () => {
  using past = new Small();
  for (let i = 0; i < 20; i++) past.storm(300);
  const reader = new Reader(past.path);
  reader.begin();
  for (let i = 0; i < 30; i++) past.storm(300);
  assert.equal(past.writer.failing, "its log is full, and somebody reads what is in it");
  assert.ok(past.largest <= MAX_BYTES, `${past.largest} bytes`);
  const { waiting } = past.writer;
  assert.ok(waiting > 1000, String(waiting));
  reader.close();
  const last = () => Number(past.db.prepare("SELECT max(pid) AS pid FROM life").get()!["pid"]);
  const before = last();
  past.storm(1);
  assert.deepEqual([past.writer.failing, past.writer.waiting], [null, 0]);
  assert.equal(last() - before, waiting + 1);
  past.end();
});
