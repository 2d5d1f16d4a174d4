/** What a filter lets pass is shipped, also when it comes to pass later; the rest is no gap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilterText } from "../../src/ask/filter_text.ts";
import { lifeTest } from "../../src/ship/filter.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const made = missing === null ? fleet.init("web1", "web2", "web3", "web4") : null;
const USERS = { uid: (name: string) => name === "www" ? 33 : null };

/** A new test of lives, as each session has it. */
const filter = (text: string) => lifeTest(parseFilterText(text), USERS);

function pids(host: string): string {
  return fleet.server.ask(`SELECT coalesce(string_agg(l.pid::text, ' ' ORDER BY l.pid), '')
    FROM fh.life l JOIN fh.host h ON h.id = l.host WHERE h.name = '${host}'`);
}

function begun(): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  return recorder.flush();
}

test(...unless(missing, "what a filter leaves out is no gap, and does not wait"), async () => {
  await made;
  using recorder = begun();
  await fleet.ship(recorder.path, "web1", { accepts: filter("-c b") });
  for (let i = 0; i < 6; i++) {
    const at = (2 + i) * S;
    recorder.tell(fork(at, 100 + i, 1), exec(at, 100 + i, i % 2 === 0 ? "/bin/a" : "/bin/b"));
    recorder.tell(exit(at + 1e8, 100 + i, i === 3 ? 256 : 0));
  }
  recorder.end();
  const { lives, forgotten } = await fleet.ship(recorder.path, "web1", { accepts: filter("-c b") });
  assert.deepEqual([lives, forgotten, pids("web1")], [3, 0, "101 103 105"]);
  const left = "SELECT waiting, forgotten FROM fh.host WHERE name = 'web1'";
  assert.equal(fleet.server.ask(left), "0|0");
  assert.equal(fleet.server.ask("SELECT count(*) FROM fh.gap"), "0");
});

test(...unless(missing, "what passes later is shipped then, in another session, too"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(fork(2 * S, 100, 1), fork(2 * S, 101, 1), fork(2 * S, 102, 1)).flush();
  const ship = () => fleet.ship(recorder.path, "web2", { accepts: filter("--failed") });
  await ship();
  assert.equal(pids("web2"), "", "what runs has not failed");
  // One fails between two sessions, one is told as over with another, and one goes on.
  recorder.tell(exec(3 * S, 100, "/bin/a"), exit(4 * S, 100, 256), exit(4 * S, 101, 0)).flush();
  await ship();
  assert.equal(pids("web2"), "100");
  recorder.tell(fork(5 * S, 103, 102), exit(500 * S, 103, 9)).flush();
  await ship();
  recorder.tell(exit(900 * S, 102, 11)).end();
  await ship();
  assert.equal(pids("web2"), "100 102 103");
  assert.equal(fleet.server.ask("SELECT sum(forgotten) FROM fh.host"), "0");
});

test(
  ...unless(missing, "what passes while there is much to catch up with is not missed"),
  async () => {
    await made;
    using recorder = begun();
    recorder.tell(fork(2 * S, 100, 1)).flush();
    for (let i = 0; i < 4000; i++) {
      const at = (3 + i / 1000) * S;
      recorder.tell(fork(at, 1000 + i, 1), exit(at + 1e6, 1000 + i, 0));
    }
    recorder.flush();
    const ending = new AbortController();
    const { signal } = ending;
    const accepts = filter("--failed");
    let rounds = 0;
    await fleet.ship(recorder.path, "web4", { accepts, once: false, signal }, () => {
      rounds++;
      // It fails while nobody looks at what has changed, and the file goes on for a minute.
      if (rounds === 1) recorder.tell(exit(8 * S, 100, 256), fork(60 * S, 101, 1)).flush();
      if (rounds === 2) ending.abort();
    });
    assert.equal(pids("web4"), "");
    recorder.end();
    await fleet.ship(recorder.path, "web4", { accepts });
    assert.equal(pids("web4"), "100");
  },
);

test(...unless(missing, "a filter asks what a process runs now, and how long it ran"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S, 100, "/bin/a", "x"), exec(3 * S, 100, "/bin/b"));
  recorder.tell(fork(2 * S, 101, 1), exec(2 * S, 101, "/bin/a", "long")).flush();
  recorder.tell(exit(9 * S, 100, 0), exit(9 * S, 101, 0), fork(9 * S, 102, 1));
  recorder.tell(exec(9 * S, 102, "/bin/a"), exit(9.5 * S, 102, 0)).end();
  const accepts = filter("-m '^/bin/a' --min-duration 2s");
  await fleet.ship(recorder.path, "web3", { accepts });
  assert.equal(pids("web3"), "101");
});

test("a filter that names an unknown user is refused", () => {
  assert.throws(() => filter("-u nobody-of-that-name"), /nobody-of-that-name/);
  assert.equal(typeof filter("-u www"), "function");
});
