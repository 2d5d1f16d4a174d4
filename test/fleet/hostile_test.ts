/** What others can put into a history does not hold up its way into a fleet. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const made = missing === null ? fleet.init("web1", "web2", "web3") : null;

function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

const LIVES = (host: string) =>
  `SELECT count(*), count(l.span) FROM fh.life l JOIN fh.host h ON h.id = l.host
    WHERE h.name = '${host}'`;

test(
  ...unless(missing, "who runs on in a file that is made anew is one life, known more exactly"),
  async () => {
    await made;
    using first = begun();
    // Of a fork the nanosecond is known, of who is found the clock tick.
    first.tell(fork(3 * S + 5e6, 101, 1), exec(3 * S + 6e6, 101, "/bin/s")).end();
    await fleet.ship(first.path, "web1");
    rmSync(first.path);
    using second = new TestRecorder(first.path, { since: 4 * S });
    const living = { pid: 101, ppid: 1, start: 3 * S, argv: ["/bin/s"] };
    second.tell(...scan(4 * S, 4 * S, [INIT, living])).flush();
    await fleet.ship(second.path, "web1");
    assert.equal(fleet.server.ask(LIVES("web1")), "2|0");
    second.tell(exit(6 * S, 101, 0)).end();
    await fleet.ship(second.path, "web1");
    assert.equal(fleet.server.ask(LIVES("web1")), "2|1");
  },
);

/** Random enough not to be packed. */
function noise(length: number): string {
  let state = 7;
  let text = "";
  while (text.length < length) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    text += (state >> 8).toString(36).padStart(4, "0");
  }
  return text.slice(0, length);
}

test(...unless(missing, "a path as long as Linux allows is a program as any other"), async () => {
  await made;
  using recorder = begun();
  const folder = `/tmp/${noise(4000)}`;
  const events: SourceEvent[] = ["a", "b"].flatMap((name, at) => [
    fork((2 + at) * S, 100 + at, 1),
    exec((2 + at) * S, 100 + at, `${folder}/${name}`),
    exit((2 + at) * S + 1e8, 100 + at, 0),
  ]);
  recorder.tell(...events).end();
  await fleet.ship(recorder.path, "web2");
  assert.equal(fleet.server.ask(LIVES("web2")), "3|2");
});
