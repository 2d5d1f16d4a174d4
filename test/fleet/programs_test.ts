/** Programs that few hosts run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownPrograms, rarePrograms } from "../../src/fleet/programs.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;

test(
  ...unless(missing, "threads of the kernel, and what has no name, are no programs"),
  async () => {
    const fleet = await new TestFleet().init("web1", "web2");
    for (const host of ["web1", "web2"]) {
      using recorder = new TestRecorder();
      recorder.tell(...scan(S, S, [
        { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
        { pid: 2, ppid: 0, start: 0, argv: ["kthreadd"], kernel: true },
        { pid: 7, ppid: 2, start: 0, argv: [`kworker/0:1-${host}`], kernel: true },
      ]));
      recorder.tell(
        fork(2 * S, 100, 1),
        exec(2 * S, 100, `/opt/${host}/tool`),
        exit(3 * S, 100, 0),
      );
      // It was gone before anybody could look.
      recorder.tell(fork(4 * S, 101, 999), exit(4 * S, 101, 0)).end();
      await fleet.ship(recorder.path, host);
    }
    const all = { since: 0, most: 9, isNew: false, hosts: "*" };
    const rare = await fleet.as("reader", (db) => rarePrograms(db, all));
    assert.deepEqual(rare.map(({ exe, hosts }) => [exe, hosts]), [
      ["/opt/web1/tool", 1],
      ["/opt/web2/tool", 1],
      ["/sbin/init", 2],
    ]);
    const own = await fleet.as("reader", (db) => ownPrograms(db, "web1", "*", 0));
    assert.deepEqual(own.map(({ exe }) => exe), ["/opt/web1/tool"]);
  },
);
