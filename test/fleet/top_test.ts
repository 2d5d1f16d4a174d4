/** Who is busy on the hosts of a fleet, and of what that is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFilter, type FilterOptions } from "../../src/ask/filter.ts";
import { parseGlob } from "../../src/ask/text/values.ts";
import { isBad } from "../../src/detect/ends.ts";
import { type FleetTopKey, lookAtFleet } from "../../src/fleet/top.ts";
import { WantedImages } from "../../src/fleet/wanted_images.ts";
import { Users } from "../../src/proc/passwd.ts";
import { account, exec, exit, fork, gap, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const users = new Users(() => "root:x:0:0::/root:/bin/sh", () => 0);

/** Within a minute: two builds that end, one that fails, and a shell that goes on. */
async function made(): Promise<void> {
  await fleet.init("web1", "web2");
  for (const host of ["web1", "web2"]) {
    using recorder = new TestRecorder();
    recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
    recorder.tell(fork(100 * S, 50, 1), exec(100 * S + 1e6, 50, "/bin/sh", host));
    for (const [at, pid, status] of [[101, 60, 0], [102, 61, 256]] as const) {
      recorder.tell(fork(at * S, pid, 50), exec(at * S + 1e6, pid, "/usr/bin/cc1", `${host}.c`));
      recorder.tell(account(at * S + 5e8, pid, { userUs: 600_000, cpuNs: 6e8 }));
      recorder.tell(exit(at * S + 5e8, pid, status));
    }
    recorder.tell(fork(109 * S, 70, 1), gap(110 * S, 1)).end();
    await fleet.ship(recorder.path, host);
  }
  // As if it were now: what is known reaches up to 110 s after the boot.
  await fleet.as("owner", (db) =>
    db.run(`
      UPDATE fh.host SET seen = now(), reach = (extract(epoch FROM now()) * 1000000)::bigint;
      UPDATE fh.clock c SET epoch = (h.reach - 110 * 1000000::bigint) * 1000 FROM fh.boot b
        JOIN fh.host h ON h.id = b.host WHERE b.id = c.boot`));
}
const ready = missing === null ? made() : null;

async function top(by: FleetTopKey, given: FilterOptions | null, hosts = "*") {
  await ready;
  return await fleet.as("reader", async (db) => {
    const filter = given === null ? null : createFilter(given, users);
    const images = filter === null
      ? null
      : new WantedImages(db, { ofImage: filter.ofImage!, sought: filter.sought });
    const query = { hosts, by, isFailure: isBad, images };
    const look = async () => {
      const found = await lookAtFleet(db, query);
      assert.ok(found.every(({ isKnown }) => isKnown));
      return found.map(({ name, started, ended, failed, living, cpuUs }) => {
        return [name, started, ended, failed, living, cpuUs];
      }).sort();
    };
    const found = await look();
    assert.deepEqual(await look(), found, "of images it is remembered whether they pass");
    return found;
  });
}

test(
  ...unless(missing, "hosts are told with all that they ran, or what is asked for"),
  async () => {
    assert.deepEqual(await top("host", null), [
      ["web1", 4, 2, 1, 3, 1.2e6],
      ["web2", 4, 2, 1, 3, 1.2e6],
    ]);
    const shells = [["web1", 1, 0, 0, 1, 0], ["web2", 1, 0, 0, 1, 0]];
    assert.deepEqual(await top("host", { comm: [parseGlob("s?")] }), shells);
    assert.deepEqual(await top("host", { comm: [parseGlob("sh")] }), shells);
    assert.deepEqual(await top("host", { match: [/web1\.c$/] }), [
      ["web1", 2, 2, 1, 0, 1.2e6],
      ["web2", 0, 0, 0, 0, 0],
    ]);
    assert.deepEqual(await top("command", { match: [/web1\.c$/] }), [
      ["cc1", 2, 2, 1, 0, 1.2e6],
    ]);
    assert.deepEqual(await top("command", { comm: [parseGlob("nothing")] }), []);
    assert.deepEqual(await top("command", { user: ["4711"] }), []);
    assert.deepEqual(await top("host", { cgroup: [parseGlob("/none")] }, "web2"), [
      ["web2", 0, 0, 0, 0, 0],
    ]);
  },
);

test(...unless(missing, "what a host says of an image is believed of itself alone"), async () => {
  await ready;
  // web1 has the same number for something else than web2.
  await fleet.as("owner", (db) =>
    db.run(`INSERT INTO fh.image (host, id, comm, argv, argv_missing)
      SELECT a.id, i.id, 'innocent', 'innocent', 0 FROM fh.image i
        JOIN fh.host b ON b.id = i.host AND b.name = 'web2' JOIN fh.host a ON a.name = 'web1'
      WHERE i.argv LIKE '%web2.c%'::bytea ON CONFLICT DO NOTHING`));
  assert.deepEqual(await top("host", { match: [/web2\.c/] }, "web2"), [
    ["web2", 2, 2, 1, 0, 1.2e6],
  ]);
  assert.deepEqual(await top("command", { match: [/web2\.c/] }), [["cc1", 2, 2, 1, 0, 1.2e6]]);
});
