/** What others put into a history, or do meanwhile, does not hold up its way into a fleet. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { FORMER_ARRAYS, IMAGE_ARRAYS, LIFE_ARRAYS } from "../../src/fleet/merge.ts";
import { FleetSink } from "../../src/fleet/sink.ts";
import { prune } from "../../src/fleet/tables.ts";
import { NO_IMAGE } from "../../src/model/image.ts";
import type { Parcel } from "../../src/ship/sink.ts";
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

const WHO = { machine: "c".repeat(32), version: "0" };
const NEVER = new AbortController().signal;

/** Sessions of one host, as far as they are told what to send. */
async function sessions(count: number, host: string, name: string): Promise<FleetSink[]> {
  const url = fleet.server.url(host);
  return await Promise.all(Array.from({ length: count }, (_, at) => {
    return FleetSink.open(url, {}, { ...WHO, machine: at.toString(16).repeat(32), name }, NEVER);
  }));
}

/** A parcel with nothing in it but what is given. */
function parcelOf(given: Partial<Parcel>): Parcel {
  const cursor = { last: 0, boot_id: "", pid: 0, born: 0, gap: 0 };
  return {
    ...{ cursor, open: [], lives: [], formers: [], images: new Map(), jobs: new Map() },
    ...{ boots: [], findings: [], gone: [], renamed: [], reach: null, waiting: 0 },
    ...{ forgotten: 0, jobNews: null },
    ...given,
  };
}

test(...unless(missing, "of two that ship one host the later one goes on alone"), async () => {
  await made;
  const url = fleet.server.url("web3");
  const who = { ...WHO, name: "web3" };
  const early = await FleetSink.open(url, {}, who, NEVER);
  const late = await FleetSink.open(url, {}, who, NEVER);
  try {
    await early.acknowledged();
    await early.append(parcelOf({}));
    await late.acknowledged();
    await late.append(parcelOf({ waiting: 7 }));
    await assert.rejects(
      early.append(parcelOf({ waiting: 9 })),
      /^CommandError: Another fh ships this host to .*; end one of them$/,
    );
    assert.equal(fleet.server.ask("SELECT waiting FROM fh.host WHERE name = 'web3'"), "7");
  } finally {
    await early.close();
    await late.close();
  }
});

test(...unless(missing, "hosts of one name that come at the same time get names"), async () => {
  await made;
  const all = await sessions(8, "web1", "twin");
  try {
    const names = (await Promise.all(all.map((one) => one.acknowledged()))).map(({ name }) => name);
    assert.equal(new Set(names).size, 8, String(names));
  } finally {
    for (const one of all) await one.close();
  }
});

test(
  ...unless(missing, "hosts that run the same do not wait for each other in a ring"),
  async () => {
    await made;
    const all = await sessions(4, "web2", "same");
    const bytes = (text: string) => new TextEncoder().encode(text);
    try {
      for (const one of all) await one.acknowledged();
      for (let round = 0; round < 8; round++) {
        await Promise.all(all.map((one, who) => {
          const keys = Array.from({ length: 600 }, (_, at) => who % 2 === 0 ? at : 599 - at);
          const images = new Map(keys.map((key) => {
            const parts = { ...NO_IMAGE.parts, argv: bytes(`/bin/x\0${round} ${key}\0`) };
            return [key, { parts, uid: 0 }];
          }));
          return one.append(parcelOf({ images }));
        }));
      }
    } finally {
      for (const one of all) await one.close();
    }
  },
);

test(...unless(missing, "no host hides what another runs by texts in other places"), async () => {
  await made;
  const id = "00000000-0000-4000-8000-00000000abcd";
  const hex = (text: string) => Buffer.from(text).toString("hex");
  // What is looked for of the second has each text that the first has, in another part.
  for (
    const [host, texts] of [
      ["web1", { argv: "10", exe: hex("/bin/miner"), comm: hex("miner") }],
      ["web2", { uid: "10", argv: hex("/bin/miner"), comm: hex("miner") }],
    ] as const
  ) {
    const facts = {
      ...{ machine: "9".repeat(32), session: 1, cursor: {}, boots: [], findings: [], gone: [] },
      ...{ renamed: [], reach: null, waiting: 0, forgotten: 0 },
    };
    const given = { id, argv_missing: "0", ...texts } as Readonly<Record<string, string>>;
    await fleet.as(host, async (db) => {
      await db.rows("SELECT fh.hello($1, $2, '0')", ["9".repeat(32), host]);
      await db.rows("SELECT fh.merge($1, $2, $3, $4)", [
        JSON.stringify(facts),
        LIFE_ARRAYS.map(() => "{}"),
        IMAGE_ARRAYS.map(([name]) => `{${given[name] ?? "NULL"}}`),
        FORMER_ARRAYS.map(() => "{}"),
      ]);
    });
  }
  const found = `SELECT count(*) FROM fh.image_text WHERE id = '${id}' AND uid = 10`;
  assert.equal(fleet.server.ask(found), "1");
});

test(...unless(missing, "days are dropped while hosts ship"), async () => {
  await made;
  await fleet.as("owner", async (db) => {
    for (let day = 30; day > 20; day--) {
      await db.rows("SELECT fh.need_day((extract(epoch FROM now()) / 86400)::int - $1::int)", [
        day,
      ]);
    }
  });
  const all = await sessions(4, "web3", "busy");
  let goesOn = true;
  try {
    for (const one of all) await one.acknowledged();
    const shipping = all.map(async (one) => {
      while (goesOn) await one.append(parcelOf({}));
    });
    const { days } = await fleet.as("owner", (db) => prune(db, 86_400_000, Date.now()))
      .finally(() => goesOn = false);
    await Promise.all(shipping);
    assert.ok(days >= 10, String(days));
  } finally {
    for (const one of all) await one.close();
  }
});

test(...unless(missing, "who runs one program after the other takes no more room"), async () => {
  await made;
  using recorder = begun();
  const long = "x".repeat(60_000);
  recorder.tell(fork(2 * S, 100, 1));
  for (let i = 0; i < 100; i++) {
    recorder.tell(exec(2 * S + i, 100, "/bin/a", `${i}${long}`)).flush();
  }
  recorder.tell(fork(3 * S, 101, 1));
  for (let i = 0; i < 1500; i++) recorder.tell(exec(3 * S + i, 101, `/bin/${i % 2}`));
  recorder.tell(exit(4 * S, 100, 0), exit(4 * S, 101, 0)).end();
  await fleet.ship(recorder.path, "web1", { machine: "d".repeat(32), name: "execs" });
  const formers = (pid: number) =>
    fleet.server.ask(`SELECT count(*), count(f.image) < 30, max(f.until) - min(f.until),
        bool_or(f.image IS NOT NULL AND f.until = (SELECT max(until) FROM fh.former o
          WHERE o.boot = f.boot AND o.life = f.life))
      FROM fh.former f JOIN fh.life l ON l.host = f.host AND l.boot = f.boot AND l.id = f.life
        JOIN fh.host h ON h.id = l.host WHERE h.name = 'execs' AND l.pid = ${pid}`);
  assert.equal(formers(100), "99|t|98|t", "the latest of them with their texts");
  assert.match(formers(101), /^1000\|f\|999\|t$/);
});
