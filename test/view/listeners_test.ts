import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAIN_TABLE } from "../../src/text/table.ts";
import { type ListenerRow, renderListeners } from "../../src/view/listeners.ts";

const ROW: ListenerRow = {
  pid: 4711,
  comm: "init",
  uid: 0,
  user: "root",
  sig: 34,
  scope: "all",
  exclusive: false,
  threads: false,
  since: "2026-11-24T20:34:02.000000000Z",
  sent: 0,
  waiting: 0,
  lost: 0,
};

function render(...listeners: ListenerRow[]): string[] {
  return renderListeners(
    { listeners, subscribers: [] },
    PLAIN_TABLE,
    (moment) => `${moment / 1000}`,
  );
}

test("columns are as wide as what stands in them, numbers on the right", () => {
  assert.deepEqual(
    render(ROW, { ...ROW, pid: 7, user: null, uid: 4_000_000_000, comm: "漢字", sent: 123_456 }),
    [
      "LISTENER  USER        SINCE       SIGNAL      SENT  WAITING  LOST  COMM  FORKS",
      "    4711  root        1795552442  SIGRTMIN       0        0     0  init  all",
      "       7  4000000000  1795552442  SIGRTMIN  123456        0     0  漢字  all",
      "",
      "no subscribers",
    ],
  );
});

test("FORKS says of which a listener is told", () => {
  const forks = (parts: Partial<ListenerRow>) => {
    return render({ ...ROW, ...parts })[1]!.split("init  ")[1];
  };
  assert.equal(forks({ scope: { descendants_of: 4700 } }), "by 4700 and below");
  assert.equal(forks({ threads: true, exclusive: true }), "all, threads, exclusive");
});
