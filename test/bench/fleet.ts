/**
 * Goals 34 to 38: a fleet of a thousand hosts in one PostgreSQL, and what it answers.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "../../src/fleet/connection.ts";
import { rarePrograms } from "../../src/fleet/programs.ts";
import { mergeInto } from "../../src/fleet/sink.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { hostGrants, makeRole, migrate, readSize } from "../../src/fleet/tables.ts";
import type { OutgoingImage, OutgoingLife } from "../../src/history/outgoing.ts";
import type { ChangeKind } from "../../src/model/machine.ts";
import { withTexts } from "../../src/ship/texts.ts";
import { Breath } from "../../src/steps.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { atLeast, atMost, type Bench, type Section } from "./support/bench.ts";
import { undoAtEnd } from "./support/cleanup.ts";
import { median } from "./support/stats.ts";
import { cpuTime } from "./support/system.ts";
import { number, table } from "./support/table.ts";

const HOSTS = 1000;
const PER_SECOND = 10;
const MINUTES = 60;
const QUICK_MINUTES = 2;
const NEEDED = 10_000;
/** Lives in a batch of who is up to date: those of five seconds; and of who is behind. */
const FRESH = 5 * PER_SECOND;
const BEHIND = 60 * PER_SECOND;
const S = 1e9;
const DAY_MS = 86_400_000;
/** How often a question is asked. */
const TRIES = 9;
/** Programs of each host; every seventh run of one is curl. */
const PROGRAMS = 100;
const BOOT_NS = 1000 * S;

const encoder = new TextEncoder();

/** What program `key` of a host is. */
function imageOf(key: number): OutgoingImage {
  const name = key % 7 === 0 ? "curl" : `program-${key}`;
  const text = (value: string) => encoder.encode(value);
  return {
    uid: key % 3 === 0 ? 0 : 1000,
    parts: {
      argv: text(`/usr/bin/${name}\0--option\0value-${key}\0`),
      exe: text(`/usr/bin/${name}`),
      cwd: text("/"),
      cgroup: text(`0::/system.slice/service-${key % 20}.service`),
      comm: text(name),
      env: null,
    },
  };
}

/** What life `n` of a host runs: what all run; one host in a hundred has a program of its own. */
function programOf(host: number, n: number): number {
  return host % 100 === 1 && n % 500 === 0 ? PROGRAMS + host : (host + n) % PROGRAMS;
}

/** Some lives of one host, from a number on, each below the one before the last shell. */
function livesOf(host: number, from: number, count: number, bootId: string): OutgoingLife[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    // No two hosts start anything at the same moment.
    const born = BOOT_NS + n * S / PER_SECOND + host * 97_003;
    const above = n - n % 5 - 5;
    const parent = n % 5 > 0
      ? {
        key: n,
        pid: 1000 + (n - 1) % 30_000,
        born: born - S / PER_SECOND,
        nth: 0,
        isStartKnown: true,
      }
      : above >= 0
      ? {
        key: n,
        pid: 1000 + above % 30_000,
        born: born - 5 * S / PER_SECOND,
        nth: 0,
        isStartKnown: true,
      }
      : null;
    return {
      ...{ key: n + 1, boot: 1, bootId, pid: 1000 + n % 30_000, born, nth: 0, span: 5e7 },
      // A line of five, and then another begins.
      parent: n % 5 > 0 ? parent : null,
      ...{ ppid: 1, reaper: null, status: n % 11 === 0 ? 256 : 0, image: programOf(host, n) },
      ...{ exec: 1e6, flags: 0, costs: [900, 400, 120, 0, 4096, 0, 0, 3, 1], members: [] },
    };
  });
}

/** How fast lives were added, a second; and what that took of the server, microseconds each. */
interface Pace {
  readonly rate: number;
  readonly serverUs: number;
}

/** Adds what hosts ship, by one connection. */
class Filler {
  readonly #db: Connection;
  readonly #epochMs: number;
  readonly #pid: number;

  private constructor(db: Connection, epochMs: number, pid: number) {
    this.#db = db;
    this.#epochMs = epochMs;
    this.#pid = pid;
  }

  static async open(url: string, epochMs: number): Promise<Filler> {
    const db = await Connection.open(url, {}, new AbortController().signal);
    const [row] = await db.rows<[number]>("SELECT pg_backend_pid()");
    for (let host = 0; host < HOSTS; host++) {
      await db.rows("SELECT fh.hello($1, $2, '0')", [machineOf(host), `web${host}`]);
    }
    return new Filler(db, epochMs, row![0]);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  /** A minute of all hosts, so many lives at a time. */
  async add(minute: number, atOnce: number): Promise<Pace> {
    const [begun, cpu] = [performance.now(), cpuTime(this.#pid)];
    const all = 60 * PER_SECOND;
    for (let from = 0; from < all; from += atOnce) {
      for (let host = 0; host < HOSTS; host++) {
        await this.#ship(host, livesOf(host, minute * all + from, atOnce, bootOf(host)));
      }
    }
    const lives = HOSTS * all;
    return {
      rate: lives / (performance.now() - begun) * 1000,
      serverUs: (cpuTime(this.#pid) - cpu) / 1000 / lives,
    };
  }

  async #ship(host: number, lives: OutgoingLife[]): Promise<void> {
    const source = { formers: () => [], image: imageOf };
    const parcel = withTexts(source, [lives], { argv: true, formers: false });
    const epoch = String(BigInt(Math.round(this.#epochMs)) * 1_000_000n);
    const run = { pid: 9, since: BOOT_NS, kept: BOOT_NS, seen: lives.at(-1)!.born + S };
    const names = {
      source: "connector",
      why: "a benchmark",
      version: "0",
      events: 0,
      lost: 0,
      findings: 1,
    };
    const clock = [{ since: 0, epoch }];
    const runs = [{ ...run, ended: null, ...names, accounts: "taskstats" }];
    const boot = { boot: { id: 1, bootId: bootOf(host), clock, runs }, clock, runs, gaps: [] };
    const cursor = { last: 0, boot_id: "", pid: 0, born: 0, gap: 0 };
    const facts = {
      cursor,
      findings: [],
      gone: [],
      renamed: [],
      reach: null,
      waiting: 0,
      forgotten: 0,
    };
    const session = { machine: machineOf(host), session: 1 };
    await mergeInto(this.#db, session, { ...parcel, boots: [boot], ...facts });
  }
}

function machineOf(host: number): string {
  return host.toString(16).padStart(32, "0");
}

function bootOf(host: number): string {
  return `${host.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
}

/** The median of some tries, milliseconds. */
async function timed(work: () => unknown): Promise<number> {
  const walls: number[] = [];
  for (let round = 0; round < TRIES; round++) {
    const begun = performance.now();
    await work();
    walls.push(performance.now() - begun);
  }
  return median(walls);
}

/** Insert rate, size, and the questions. */
export async function fleetSection(bench: Bench): Promise<Section> {
  const title = "Fleet: a thousand hosts in one PostgreSQL";
  if (missingPostgres !== null) return { title, body: ["There is no PostgreSQL."], goals: [] };
  const folder = join(bench.folder, "postgres");
  mkdirSync(folder);
  const server = new Postgres(folder, undoAtEnd);
  const { signal } = new AbortController();
  const owner = await Connection.open(server.url(), {}, signal);
  await migrate(owner, null);
  await makeRole(owner, "hosts", hostGrants("hosts"));
  const minutes = bench.minutes ?? (bench.quick ? QUICK_MINUTES : MINUTES);
  // A whole hour of the clock, or its beginning.
  const hourMs = 3_600_000;
  const epochMs = Math.floor(Date.now() / hourMs - 1) * hourMs - BOOT_NS / 1e6;
  const filler = await Filler.open(server.url("hosts"), epochMs);
  const paces: Pace[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const pace = await filler.add(minute, minute === minutes - 1 ? FRESH : BEHIND);
    const { rate, serverUs } = pace;
    bench.say(`fleet: minute ${minute + 1}: ${number(rate)} lives/s, ${number(serverUs)} us each`);
    paces.push(pace);
  }
  await filler.close();
  const fresh = paces.pop()!;
  const lives = minutes * HOSTS * 60 * PER_SECOND;
  const bytes = await readSize(owner) / lives;
  await owner.run("VACUUM ANALYZE");
  const asked = await ask(bench, server.url(), owner, { epochMs, minutes });
  await owner.close();
  bench.say(`fleet: ${number(bytes)} bytes of a life`);
  return { title, ...tell({ ...asked, fresh, behind: paces, bytes, lives, minutes }) };
}

/** How long the questions take, milliseconds. */
async function ask(
  bench: Bench,
  url: string,
  owner: Connection,
  { epochMs, minutes }: { readonly epochMs: number; readonly minutes: number },
): Promise<Asked> {
  const { signal } = new AbortController();
  const end = epochMs + BOOT_NS / 1e6 + minutes * 60_000;
  const open = (hosts: string) =>
    FleetStore.open({
      ...{ url, hosts, env: {}, signal },
      ...{ breath: new Breath(signal), now: Date.now },
    });
  const one = await open("web500");
  let line = 60;
  const lineage = await timed(async () => {
    const family = one.family();
    // Another one each time: what was fetched is there.
    const [past] = await family.past(1000 + 4 + 5 * line++);
    await family.of(past!);
  });
  const all = await open("*");
  const spans = all.bounds.spans(end - 5 * 60_000, end);
  let found = 0;
  const command = await timed(async () => {
    found = 0;
    const query = {
      ...{ kinds: new Set<ChangeKind>(["exit"]), backwards: true, ofImage: null, pids: null },
      sought: { in: "name", literals: ["program-33"] } as const,
      accepts: () => true,
      ...{ minDuration: null, failed: false, lineage: null, few: false, kept: false },
    };
    for await (const _ of all.log(spans, query)) if (++found >= 100) break;
  });
  const hour = all.bounds.spans(epochMs + BOOT_NS / 1e6, Number.MAX_SAFE_INTEGER);
  const costs = await timed(() =>
    all.costs(hour, {
      ...{ by: "command", failed: false, minDuration: null, ofImage: null, sought: null },
      ...{ below: null, living: null },
    })
  );
  const rare = await timed(() =>
    rarePrograms(owner, { since: end - DAY_MS, most: 2, isNew: false, hosts: "*" })
  );
  one.close();
  all.close();
  bench.say(`fleet: ${[lineage, command, costs, rare].map(number).join(" ")} ms`);
  const commands = await askByCommands(bench, url, epochMs, end);
  return { lineage, command, costs, rare, commands };
}

/** The same by commands, each with its start and the connection, milliseconds. */
async function askByCommands(
  bench: Bench,
  url: string,
  epochMs: number,
  end: number,
): Promise<Asked["commands"]> {
  if (bench.fh === null) return [];
  const { fh } = bench;
  const at = (ms: number) => String(Math.floor(ms / 1000));
  const stretch = (ms: number) => ["--since", at(end - ms), "--until", at(end)];
  const moment = new Date(epochMs + BOOT_NS / 1e6 + 30_470).toISOString();
  const asked: readonly (readonly [typed: string, words: readonly string[]])[] = [
    // Of half a minute after the beginning: pids come round within an hour.
    ["fh why web500:PID@TIME", ["why", `web500:1304@${moment}`]],
    ["fh why --host '*' NAME", ["why", "--host", "*", "program-33"]],
    [
      "fh log --host '*' -m COMMAND --since 5m -n 100",
      ["log", "--host", "*", "-m", "program-33", "-n", "100", ...stretch(5 * 60_000)],
    ],
    [
      "fh log --host web500 --failed -n 20",
      ["log", "--host", "web500", "--failed", "-n", "20"],
    ],
    [
      "fh account --host '*', of an hour of the clock",
      ["account", "--host", "*", ...stretch(60 * 60_000)],
    ],
    [
      "fh account --host web500 --since 5m",
      ["account", "--host", "web500", ...stretch(5 * 60_000)],
    ],
    [
      "fh trouble --host '*' --since 5m",
      ["trouble", "--host", "*", "--since", at(end - 5 * 60_000)],
    ],
    ["fh fleet rare --since 1d", ["fleet", "rare", "--since", at(end - DAY_MS)]],
  ];
  const commands: [string, number][] = [];
  for (const [typed, words] of asked) {
    const wall = await timed(() => {
      const { status, stderr } = spawnSync(fh, [...words, "--fleet", url], { encoding: "utf8" });
      // What was filled in for half an hour is not lost for it.
      if (status !== 0) bench.say(`fleet: ${typed}: ${status}: ${stderr}`);
    });
    bench.say(`fleet: ${typed}: ${number(wall)} ms`);
    commands.push([typed, wall]);
  }
  return commands;
}

/** What was measured of the questions, milliseconds. */
interface Asked {
  readonly lineage: number;
  readonly command: number;
  readonly costs: number;
  readonly rare: number;
  /** What was typed, and how long it took. */
  readonly commands: readonly (readonly [typed: string, ms: number])[];
}

/** And of what was added: how fast, bytes of each, how many in how long. */
interface Added extends Asked {
  readonly fresh: Pace;
  readonly behind: readonly Pace[];
  readonly bytes: number;
  readonly lives: number;
  readonly minutes: number;
}

function tell(
  { lineage, command, costs, rare, commands, fresh, behind, bytes, lives, minutes }: Added,
): Omit<Section, "title"> {
  const ms = (value: number) => `${number(value)} ms`;
  const row = (what: string, value: string) => [what, value];
  const rates = behind.map(({ rate }) => rate);
  return {
    body: [
      `PostgreSQL on this host, without fsync; ${number(HOSTS)} hosts with ${PER_SECOND} lives a ` +
      `second each, for ${minutes} minutes: ${
        number(lives)
      } lives, by one connection. A host that is behind ships a minute at once, the last minute ` +
      "is one of hosts that ship every five seconds.",
      "",
      ...table(["what", "measured"], [
        row(`lives added a second, by ${FRESH} at a time`, number(fresh.rate)),
        row("what that takes of a core of the server, for each", `${number(fresh.serverUs)} us`),
        row(`lives added a second, by ${BEHIND} at a time`, number(median(rates))),
        row("the same in the last of these minutes", number(rates.at(-1) ?? NaN)),
        row("what that takes of a core", `${number(median(behind.map((one) => one.serverUs)))} us`),
        row("bytes of a life, with indexes, images, sums", number(bytes)),
        row("a process and its ancestors", ms(lineage)),
        row("the newest 100 of a command in five minutes, all hosts", ms(command)),
        row("account by command of an hour, all hosts", ms(costs)),
        row("rare programs of a day", ms(rare)),
      ]),
      "",
      `Questions are the median of ${TRIES}, over a connection that is there. As commands, with ` +
      "their start and the list of all hosts:",
      "",
      ...table(["command", "wall time"], commands.map(([typed, wall]) => row(typed, ms(wall)))),
    ],
    goals: [
      atLeast(
        34,
        "fleet: 10 000 lives a second added by a core of the server",
        1e6 / fresh.serverUs,
        NEEDED,
        number(1e6 / fresh.serverUs),
      ),
      atMost(35, "fleet: a lineage below 20 ms", lineage, 20, ms(lineage)),
      atMost(36, "fleet: five minutes and a command below 100 ms", command, 100, ms(command)),
      atMost(37, "fleet: account by command over an hour below 200 ms", costs, 200, ms(costs)),
      atMost(38, "fleet: rare programs over a day below 2 s", rare, 2000, ms(rare)),
    ],
  };
}
