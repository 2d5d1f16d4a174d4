import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { recentNames } from "../../src/history/recent_names.ts";
import { exec, exit, fork } from "../support/events.ts";
import { ask, begun, comm } from "../support/written.ts";

const S = 1e9;

test("recentNames() has each name once, what ran last first, of so many images", () => {
  using past = begun();
  const names = ["make", "cc", "odd", "make", "ld"];
  for (const [i, name] of names.entries()) {
    const [at, pid] = [(10 + i) * S, 300 + i];
    past.tell(fork(at, pid, 100), exec(at + 1, pid, `/bin/${name}`, String(i)));
    past.tell(comm(at + 2, pid, name), exit(at + 3, pid, 0)).flush();
  }
  past.end();
  const file = new DatabaseSync(past.path);
  file.exec("UPDATE text SET value = x'fffe' WHERE value = 'odd'");
  file.close();
  ask(past.path, ({ db }) => {
    assert.deepEqual(recentNames(db, 1000).slice(0, 3), ["ld", "make", "cc"]);
    assert.deepEqual(recentNames(db, 1), ["ld"]);
    assert.deepEqual(recentNames(db, 0), []);
  });
});
