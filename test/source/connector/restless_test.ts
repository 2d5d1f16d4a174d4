import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, BatchWriter } from "../../../src/model/batch.ts";
import { EVENT, type EventKind, GAP_REASON, SourceEvent } from "../../../src/model/event.ts";
import { Restless, RESTLESS_LIMITS } from "../../../src/source/connector/restless.ts";
import { PAST_EPOCH } from "../../support/past.ts";

const { ofProcess, all, windowNs } = RESTLESS_LIMITS;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a source does with it, and what has come of that. */
class Told {
  readonly restless = new Restless();
  /** When the gaps that were told began. */
  readonly gapsSince: number[] = [];
  readonly #writer = new BatchWriter();
  #time = 1000;

  do(kind: EventKind, pid: number, name?: string, a = 0): void {
    const event = new SourceEvent().reset(kind, ++this.#time, pid, pid);
    if (name !== undefined) event.text = encoder.encode(name);
    event.a = a;
    if (!this.restless.admit(event)) return;
    this.restless.tell(kind === EVENT.fork ? a : pid, event.time, this.#writer);
    this.#writer.add(event);
  }

  turn(now: number, horizon = 0): void {
    this.restless.turn(now, horizon, this.#writer);
  }

  settle(now: number): void {
    this.restless.settle(now, 0, this.#writer);
  }

  /** As "KIND PID TEXT", or "gap COUNT". */
  take(): string[] {
    const batch = this.#writer.take(Infinity, PAST_EPOCH);
    if (batch === null) return [];
    const reader = new BatchReader(batch);
    const event = new SourceEvent();
    return Array.from({ length: reader.count }, (_, index) => {
      reader.read(index, event);
      const { kind, pid, a, b, text } = event;
      if (kind !== EVENT.gap) return `${kind} ${pid} ${text === null ? a : decoder.decode(text)}`;
      assert.equal(b, GAP_REASON.share);
      this.gapsSince.push(event.start);
      return `gap ${a}`;
    });
  }
}

test("a name that never rests is told so often, then its last when the window is over", () => {
  const told = new Told();
  for (let n = 1; n <= 1000; n++) told.do(EVENT.comm, 7, `n${n}`);
  const names = told.take();
  assert.deepEqual([names.length, names.at(-1)], [ofProcess, `${EVENT.comm} 7 n${ofProcess}`]);
  assert.equal(told.restless.active, true);
  told.turn(2e9);
  assert.deepEqual(told.take(), [`${EVENT.comm} 7 n1000`, `gap ${1000 - ofProcess - 1}`]);
  assert.deepEqual(told.gapsSince, [1000 + ofProcess + 1], "from the first that was not told");
  assert.equal(told.restless.active, false);
  told.do(EVENT.comm, 7, "calm");
  assert.deepEqual(told.take(), [`${EVENT.comm} 7 calm`]);
});

test("what a process is by then comes before what it does next", () => {
  for (const kind of [EVENT.exec, EVENT.exit, EVENT.fork]) {
    const told = new Told();
    for (let n = 1; n <= 500; n++) {
      told.do(EVENT.comm, 7, `n${n}`);
      told.do(EVENT.uid, 7, undefined, n);
    }
    told.take();
    const [pid, parent] = kind === EVENT.fork ? [8, 7] : [7, 0];
    told.do(kind, pid, undefined, parent);
    const expected = [`${EVENT.comm} 7 n500`, `${EVENT.uid} 7 500`, `${kind} ${pid} ${parent}`];
    assert.deepEqual(told.take(), expected);
  }
});

test("many that change a little are bounded together, and each is told at last", () => {
  const told = new Told();
  const MANY = 5000;
  for (let pid = 1; pid <= MANY; pid++) {
    told.do(EVENT.comm, pid, "first");
    told.do(EVENT.comm, pid, "last");
  }
  const names = told.take();
  assert.equal(names.length, all);
  told.turn(2e9);
  const rest = told.take();
  assert.equal(rest.filter((line) => line.endsWith("last")).length, MANY - all / 2);
  assert.equal(rest.at(-1), `gap ${MANY - all / 2}`);
});

test("the others' events are not touched, and none is told before the horizon", () => {
  const told = new Told();
  for (let n = 1; n <= 500; n++) told.do(EVENT.comm, 7, `n${n}`);
  told.do(EVENT.comm, 9, "other");
  assert.equal(told.take().at(-1), `${EVENT.comm} 9 other`);
  told.turn(1e9, 123_456);
  told.do(EVENT.exit, 9);
  assert.deepEqual(told.take().map((line) => line.split(" ")[1]), ["9", "7", "399"]);
});

test("how much was merged is told once a second, and at the end", () => {
  const told = new Told();
  let windows = 0;
  for (let now = 2e9; now < 5e9; now += windowNs) {
    for (let n = 0; n < 200; n++) told.do(EVENT.comm, 7, `n${n}`);
    told.turn(now);
    windows++;
  }
  const gaps = told.take().filter((line) => line.startsWith("gap"));
  assert.equal(gaps.length, 3);
  told.settle(5e9);
  const last = told.take().filter((line) => line.startsWith("gap"));
  const sum = [...gaps, ...last].reduce((sum, line) => sum + Number(line.slice(4)), 0);
  assert.equal(sum, windows * (200 - ofProcess - 1));
});
