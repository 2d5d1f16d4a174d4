import assert from "node:assert/strict";
import { test } from "node:test";
import type { Libc } from "../../../ffi/libc.ts";
import { BatchWriter, readBatch } from "../../../src/model/batch.ts";
import { EVENT, FLAG, SourceEvent } from "../../../src/model/event.ts";
import { encodeImage } from "../../../src/model/image.ts";
import { ExitNames } from "../../../src/source/connector/exit_names.ts";
import type { ProcFiles } from "../../../src/source/proc_files.ts";
import { clone, exec, exit, fork } from "../../support/events.ts";
import { PAST_EPOCH } from "../../support/past.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An exec whose program was gone before it was read. */
function unread(time: number, pid: number): SourceEvent {
  const event = exec(time, pid, "/bin/x");
  event.text = null;
  return event;
}

/** The names of a connector on whose /proc only these stat lines are, by pid. */
class Told {
  readonly names: ExitNames;
  readonly #writer = new BatchWriter();

  constructor(stats: Readonly<Record<number, string>> = {}) {
    const readStat = (pid: number, into: Uint8Array) =>
      encoder.encodeInto(stats[pid] ?? "", into).written || -2;
    this.names = new ExitNames({} as Libc, { readStat } as unknown as ProcFiles);
  }

  do(...events: readonly SourceEvent[]): this {
    for (const event of events) {
      this.names.note(event, 0, this.#writer);
      this.#writer.add(event);
    }
    return this;
  }

  record(pid: number, name: string): this {
    if (this.names.wants(pid)) this.names.named(pid, encoder.encode(name), 0, this.#writer);
    return this;
  }

  /** The names and exits in order, as "comm PID NAME*" with a star where it is inferred. */
  take(): string[] {
    this.names.drained(0, this.#writer);
    const batch = this.#writer.take(Infinity, PAST_EPOCH);
    const told: string[] = [];
    if (batch === null) return told;
    readBatch(batch, ({ kind, pid, text, flags }) => {
      if (kind === EVENT.exit) told.push(`exit ${pid}`);
      if (kind !== EVENT.comm) return;
      told.push(`comm ${pid} ${decoder.decode(text!)}${flags & FLAG.inferred ? "*" : ""}`);
    });
    return told;
  }
}

/** A stat line of a zombie, as of clock tick `start`. */
function zombie(pid: number, comm: string, start: number, state = "Z"): string {
  const rest = `1 ${pid} ${pid} 0 -1 4228356 0 0 0 0 0 0 0 0 20 0 1 0 ${start} 0 0`;
  return `${pid} (${comm}) ${state} ${rest} ${"0 ".repeat(27)}0\n`;
}

test("an exit record names whom no read has named, before the exit is told", () => {
  const told = new Told();
  told.do(
    fork(1e9, 7, 1),
    unread(2e9, 7),
    exec(2e9, 8, "/bin/ls"),
    exit(3e9, 7, 0),
    exit(3e9, 8, 0),
  );
  assert.deepEqual(told.record(7, "cc1").record(8, "other").take(), [
    "comm 7 cc1*",
    "exit 7",
    "exit 8",
  ]);
  told.do(exit(4e9, 7, 0));
  assert.deepEqual(told.record(7, "again").take(), ["exit 7"]);
});

test("a record that comes before the exit is told is kept for that", () => {
  const told = new Told().do(unread(2e9, 7)).record(7, "cc1");
  assert.deepEqual(told.take(), []);
  assert.deepEqual(told.do(exit(3e9, 7, 0)).take(), ["comm 7 cc1*", "exit 7"]);
});

test("an image without a name is none, and threads have names of their own", () => {
  const nothing = exec(2e9, 7, "/bin/x");
  const [argv, exe, cwd, cgroup, comm, env] = Array<null>(6).fill(null);
  nothing.text = encodeImage({ argv, exe, cwd, cgroup, comm, env } as never);
  const told = new Told().do(nothing, clone(2e9, 7, 9, 1), exit(3e9, 7, 0, 9));
  assert.deepEqual(told.take(), ["exit 7"]);
  assert.deepEqual(told.do(exit(4e9, 7, 0)).record(7, "cc1").take(), ["comm 7 cc1*", "exit 7"]);
});

test("children of the nameless have no name either, until they have one", () => {
  const told = new Told().do(unread(1e9, 7), fork(2e9, 8, 7), fork(2e9, 9, 7), fork(2e9, 10, 7));
  const renamed = new SourceEvent().reset(EVENT.comm, 3e9, 9, 9);
  renamed.text = encoder.encode("nine");
  told.do(renamed, exec(3e9, 10, "/bin/ls"), exit(4e9, 8, 0), exit(4e9, 9, 0), exit(4e9, 10, 0));
  for (const pid of [8, 9, 10]) told.record(pid, "late");
  assert.deepEqual(told.take(), ["comm 9 nine", "comm 8 late*", "exit 8", "exit 9", "exit 10"]);
});

test("where there is no record a zombie has the name, if it is the same process", () => {
  const stats = {
    7: zombie(7, "cc1) Z", 100),
    8: zombie(8, "other", 500),
    9: zombie(9, "runs", 100, "R"),
  };
  const told = new Told(stats);
  for (const pid of [7, 8, 9, 10]) told.do(unread(2e9, pid), exit(3e9, pid, 0));
  assert.deepEqual(told.take(), ["comm 7 cc1) Z*", "exit 7", "exit 8", "exit 9", "exit 10"]);
});

test("after a loss nobody is named by what was before it", () => {
  const told = new Told().do(unread(2e9, 7));
  told.names.forget();
  assert.deepEqual(told.do(exit(3e9, 7, 0)).record(7, "cc1").take(), ["exit 7"]);
});
