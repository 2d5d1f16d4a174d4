/** Lives of histories in a real PostgreSQL: each once, whatever happens on the way. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { hostGrants, makeRole } from "../../src/fleet/tables.ts";
import { PARCEL_BYTES } from "../../src/ship/texts.ts";
import { GAP_REASON, GAP_WORDS, type SourceEvent } from "../../src/model/event.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };

/** A program that runs for a tenth of a second. */
function program(at: number, pid: number, ...argv: string[]): SourceEvent[] {
  return [
    fork(at * S, pid, 1),
    exec(at * S + 1e6, pid, ...argv),
    account(at * S + 1e8, pid, { userUs: 7, cpuNs: 7000 }),
    exit(at * S + 1e8, pid, 0),
  ];
}

function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const made = missing === null
  ? fleet.init("web1", "web2", "web3", "web4", "web5", "web6", "web8")
  : null;
const LIVES = (host: string) =>
  `SELECT count(*), count(l.span), coalesce(sum(l.user_us), 0)
    FROM fh.life l JOIN fh.host h ON h.id = l.host WHERE h.name = '${host}'`;
const SUMS = (host: string) =>
  `SELECT s.kind, encode(s.key, 'escape'), s.processes, s.failed, s.user_us FROM fh.hour_sum s
    JOIN fh.host h ON h.id = s.host WHERE h.name = '${host}' AND s.processes > 0 ORDER BY 1, 2`;

test(...unless(missing, "each life is shipped once, and again when it has ended"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a", "x\ty\\N\n"), fork(3 * S, 101, 1)).flush();
  assert.equal((await fleet.ship(recorder.path, "web1")).lives, 3);
  assert.equal(fleet.server.ask(LIVES("web1")), "3|1|7");
  // Nothing is new but what runs, which is asked for again in each session.
  await fleet.ship(recorder.path, "web1");
  assert.equal(fleet.server.ask(LIVES("web1")), "3|1|7");
  recorder.tell(exec(4 * S, 101, "/bin/b"), account(5 * S, 101, { userUs: 1, cpuNs: 1000 }));
  recorder.tell(exit(5 * S, 101, 256)).end();
  await fleet.ship(recorder.path, "web1");
  assert.equal(fleet.server.ask(LIVES("web1")), "3|2|8");
  assert.equal(
    fleet.server.ask(SUMS("web1")),
    ["command|a|1|0|7", "command|b|1|1|1", "exit|0|1|0|7", "exit|256|1|1|1", "user|0|2|1|8"]
      .join("\n"),
  );
  assert.equal(
    fleet.server.ask("SELECT ppid, comm, argv, exit_code FROM fh.process WHERE pid = 100"),
    "1|a|/bin/a x\ty\\\\N\n|0",
  );
  const day = "SELECT count(*) FROM fh.life_other";
  assert.equal(fleet.server.ask(day), "0", "lives stand in the partition of their day");
});

test(...unless(missing, "an account that comes late is shipped by the next session"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S + 1e6, 100, "/bin/a"), exit(2.1 * S, 100, 0));
  recorder.flush();
  await fleet.ship(recorder.path, "web8");
  assert.equal(fleet.server.ask(LIVES("web8")), "2|1|0");
  recorder.tell(account(2.1 * S, 100, { userUs: 7, cpuNs: 7000 }), fork(3 * S, 101, 1)).flush();
  await fleet.ship(recorder.path, "web8");
  assert.equal(fleet.server.ask(LIVES("web8")), "3|1|7");
});

test(
  ...unless(missing, "a host reads nothing, and adds nothing in the name of others"),
  async () => {
    await made;
    for (const table of ["life", "host", "boot", "image", "hour_sum", "process"]) {
      assert.throws(
        () => fleet.server.ask(`SELECT * FROM fh.${table}`, "web1"),
        /permission denied/,
      );
    }
    for (const call of ["put_lives(1, '{}', '[]')", "put_boots(1, '[]')", "need_day(1)"]) {
      assert.throws(() => fleet.server.ask(`SELECT fh.${call}`, "web1"), /permission denied/);
    }
    // What it does not say of itself is looked for under its own role alone.
    const forged = 'SELECT fh.merge(\'{"machine": "' + "c".repeat(32) + "\"}', '{}', '{}', '{}')";
    assert.throws(() => fleet.server.ask(forged, "web1"), /not known to the fleet/);
    assert.match(fleet.server.ask("SELECT count(*) FROM fh.life", "reader"), /^\d+$/);
  },
);

test(
  ...unless(missing, "no host can hide what another runs, by saying that it is else"),
  async () => {
    await made;
    const [id, machine] = ["d".repeat(32), "1".repeat(32)];
    const image = (host: string, comm: string) => {
      const hex = Buffer.from(comm).toString("hex");
      fleet.server.ask(`SELECT fh.hello('${machine}', 'sly', '0')`, host);
      const facts = JSON.stringify({
        ...{ machine, session: 1, boots: [], findings: [], gone: [], cursor: null, reach: null },
        ...{ waiting: 0, forgotten: 0 },
      });
      const none = "{}";
      const columns = [`{${id}}`, none, none, none, none, `{${hex}}`, none, "{0}", "{0}"]
        .map((column) => column === none ? "{NULL}" : column);
      fleet.server.ask(
        `SELECT fh.merge('${facts}', '{}', ARRAY[${columns.map((one) => `'${one}'`)}], '{}')`,
        host,
      );
    };
    image("web4", "harmless");
    image("web5", "evil");
    const texts = `SELECT string_agg(encode(comm, 'escape'), ' ' ORDER BY comm) FROM fh.image_text
    WHERE id = '${id}'`;
    assert.equal(fleet.server.ask(texts), "evil harmless");
    fleet.server.ask("DELETE FROM fh.host WHERE name LIKE 'sly%'");
  },
);

test(...unless(missing, "what was forgotten before it was shipped is a counted gap"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a")).flush();
  await fleet.ship(recorder.path, "web2");
  for (let i = 0; i < 5; i++) recorder.tell(...program(3 + i, 101 + i, "/bin/a"));
  recorder.flush();
  recorder.db.exec("DELETE FROM life WHERE pid IN (102, 103)");
  recorder.end();
  const { lives, forgotten } = await fleet.ship(recorder.path, "web2");
  assert.equal(forgotten, 2);
  assert.ok(lives >= 3);
  const gaps = `SELECT g.lost, g.reason FROM fh.gap g JOIN fh.boot b ON b.id = g.boot
    JOIN fh.host h ON h.id = b.host WHERE h.name = 'web2'`;
  assert.equal(fleet.server.ask(gaps), `2|${GAP_WORDS[GAP_REASON.unshipped]}`);
});

test(...unless(missing, "a file that is made anew adds nothing twice"), async () => {
  await made;
  using first = begun();
  first.tell(...program(2, 100, "/bin/a"), fork(3 * S, 101, 1), exec(3 * S, 101, "/bin/s")).end();
  await fleet.ship(first.path, "web3");
  rmSync(first.path);
  using second = new TestRecorder(first.path, { since: 4 * S });
  const living = { pid: 101, ppid: 1, start: 3 * S, argv: ["/bin/s"] };
  second.tell(...scan(4 * S, 4 * S, [INIT, living]), ...program(5, 102, "/bin/a"));
  second.tell(exit(6 * S, 101, 0)).end();
  await fleet.ship(second.path, "web3");
  assert.equal(fleet.server.ask(LIVES("web3")), "4|3|14");
});

test(...unless(missing, "no end comes before what the fleet says that it has all of"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(fork(2 * S, 100, 1), fork(2 * S, 101, 1)).flush();
  await fleet.ship(recorder.path, "web6");
  const storm = (at: number, pid: number) => {
    for (let i = 0; i < 4000; i++) {
      const begin = (at + i / 1000) * S;
      recorder.tell(fork(begin, pid + i, 1), exit(begin + 1e5, pid + i, 0));
      // One ends in the middle, which is told when it is looked for what has changed.
      if (i === 1500) recorder.tell(exit(begin + 2e5, pid === 1000 ? 100 : 101, 256));
    }
    recorder.flush();
  };
  storm(3, 1000);
  const late = `SELECT count(*) FROM fh.host h JOIN fh.boot b ON b.host = h.id
    JOIN fh.life l ON l.host = h.id WHERE h.name = 'web6' AND l.pid IN (100, 101)
    AND l.span IS NULL AND h.reach > b.epoch_tick * 10000 +
      CASE l.pid WHEN 100 THEN 4500200 ELSE 9500200 END`;
  const found: string[] = [];
  await fleet.ship(recorder.path, "web6", {}, () => {
    found.push(fleet.server.ask(late));
    // It goes on while it is caught up with.
    if (found.length === 1) storm(8, 10_000);
  });
  recorder.end();
  assert.deepEqual(new Set(found), new Set(["0"]), String(found));
  assert.ok(found.length > 7, String(found.length));
  const over = `SELECT count(*) FROM fh.life l JOIN fh.host h ON h.id = l.host
    WHERE h.name = 'web6' AND l.pid IN (100, 101) AND l.span IS NOT NULL`;
  assert.equal(fleet.server.ask(over), "2");
});

test(...unless(missing, "two machines of one name are two hosts"), async () => {
  await made;
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a")).end();
  const other = { machine: "f".repeat(32), argv: false };
  assert.equal((await fleet.ship(recorder.path, "web4")).name, "web4");
  assert.equal((await fleet.ship(recorder.path, "web4", other)).name, "web4#2");
  assert.equal((await fleet.ship(recorder.path, "web4")).name, "web4");
  assert.equal(fleet.server.ask(LIVES("web4")), "2|1|7");
  const argv = `SELECT count(i.argv), count(*) FROM fh.image i JOIN fh.host h ON h.id = i.host
    WHERE h.name = `;
  assert.equal(fleet.server.ask(`${argv}'web4'`), "2|2");
  assert.equal(fleet.server.ask(`${argv}'web4#2'`), "0|2", "command lines have stayed there");
});

test(...unless(missing, "a server that is killed is waited for, and nothing is lost"), async () => {
  await made;
  using recorder = begun();
  for (let i = 0; i < 20; i++) recorder.tell(...program(2 + i, 200 + i, "/bin/a"));
  recorder.flush();
  const ending = new AbortController();
  const { signal } = ending;
  const shipping = fleet.ship(recorder.path, "web5", { once: false, signal });
  await until(() => fleet.server.ask(LIVES("web5")) === "21|20|140");
  fleet.server.stop("immediate");
  for (let i = 0; i < 20; i++) recorder.tell(...program(30 + i, 300 + i, "/bin/a"));
  recorder.end();
  fleet.server.start();
  await until(() => fleet.server.ask(LIVES("web5")) === "41|40|280");
  ending.abort();
  assert.equal((await shipping).failures.length > 0, true);
});

test(
  ...unless(missing, "a server that cannot take a batch says why, and has none of it"),
  async () => {
    await made;
    using recorder = begun();
    recorder.tell(...program(2, 100, "/bin/a")).end();
    fleet.server.ask("ALTER TABLE fh.program ADD CONSTRAINT full_up CHECK (false) NOT VALID");
    try {
      await assert.rejects(
        fleet.ship(recorder.path, "web1", {
          ...{ machine: "e".repeat(32), name: "late" },
        }),
        (error) => error instanceof CommandError && /full_up/.test(error.message),
      );
      assert.equal(fleet.server.ask(LIVES("late")), "0|0|0");
    } finally {
      fleet.server.ask("ALTER TABLE fh.program DROP CONSTRAINT full_up");
    }
  },
);

test(...unless(missing, "sums and lives are of one boot id and its clock"), async () => {
  await made;
  const boots = `SELECT DISTINCT boot_id FROM fh.boot`;
  assert.equal(fleet.server.ask(boots), PAST_BOOT);
});

test(...unless(missing, "long command lines go in batches of a bounded size"), async () => {
  await made;
  await fleet.as("owner", (db) => makeRole(db, "web7", hostGrants("web7")));
  using recorder = begun();
  const long = "x".repeat(60_000);
  for (let i = 0; i < 200; i++) recorder.tell(...program(2 + i, 100 + i, "/bin/a", `${i}${long}`));
  recorder.end();
  const rounds: number[] = [];
  await fleet.ship(recorder.path, "web7", {}, (lives) => rounds.push(lives));
  assert.equal(fleet.server.ask(LIVES("web7")), "201|200|1400");
  const most = PARCEL_BYTES / long.length + 2;
  assert.ok(rounds.length > 2 && rounds.every((lives) => lives <= most), String(rounds));
});
