/** Programs that were gone before they were read, and whose names came with their exits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../../src/history/timeline.ts";
import { FLAG, type SourceEvent } from "../../src/model/event.ts";
import { exec, exit, fork, run, scan } from "../support/events.ts";
import { ask, begun, comm, lifeOf } from "../support/written.ts";

const S = 1e9;
const MS = 1e6;

function unread(time: number, pid: number): SourceEvent {
  const event = exec(time, pid, "/bin/x");
  event.text = null;
  return event;
}

function named(time: number, pid: number, name: string): SourceEvent {
  const event = comm(time, pid, name);
  event.flags = FLAG.inferred;
  return event;
}

test("the machine takes such a name for who has none, and says that it is inferred", () => {
  const begin = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
  const { machine } = run([...begin, fork(2 * S, 7, 1), unread(2 * S + MS, 7)]);
  assert.equal(machine.get(7)!.image.comm, null);
  machine.step(named(3 * S, 7, "cc1"));
  assert.equal(machine.get(7)!.image.comm, "cc1");
  machine.step(named(3 * S, 7, "other"));
  assert.equal(machine.get(7)!.image.comm, "cc1");
});

test("the history has the name from the exec on, and tells that exec as inferred", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), unread(2 * S + MS, 200), fork(2 * S + MS, 201, 200));
  past.tell(named(2 * S + 2 * MS, 200, "cc1"), exit(2 * S + 3 * MS, 200, 0));
  past.flush();
  past.tell(named(4 * S, 201, "as"), exit(4 * S + 1, 201, 0));
  past.tell(fork(5 * S, 202, 100), exec(5 * S + MS, 202, "/bin/ls"), exit(6 * S, 202, 0)).end();
  ask(past.path, (history) => {
    assert.deepEqual(["cc1", "as"].map((name) => history.byComm(name)?.pid), [200, 201]);
    const life = lifeOf(history, 200);
    assert.deepEqual([life.exec, life.image.comm], [MS, "cc1"]);
    const [boot] = history.boots;
    const span = { boot: boot!, since: 2 * S, until: 9 * S };
    const query = { kinds: new Set(["exec"] as const), backwards: false };
    const told: string[] = [];
    for (const { process, inferred } of new Timeline(history).changes(span, query)) {
      told.push(`${process!.pid} ${process!.image.comm}${inferred ? "*" : ""}`);
    }
    assert.deepEqual(told, ["200 cc1*", "202 ls"]);
  });
});
