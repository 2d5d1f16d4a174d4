/**
 * A part of a fleet as a history in memory: rows that an answer needs are fetched, and the answer
 * is made of them by what answers for a history file. So it is the same as the host's own.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { Boot } from "../history/boots.ts";
import { History } from "../history/history.ts";
import type { Life } from "../history/life.ts";
import { APPLICATION_ID, MIGRATIONS } from "../history/schema.ts";
import { toStored } from "../history/texts.ts";
import { inTransaction } from "../history/transaction.ts";
import type { BootSpan } from "../model/bounds.ts";
import { IMAGE_PARTS } from "../model/image.ts";
import type { Connection } from "./connection.ts";
import { globPattern } from "./programs.ts";
import {
  ABOVE,
  BY_ID,
  type FindingRow,
  FINDINGS,
  type FormerRow,
  FORMERS,
  idOf,
  type ImageRow,
  IMAGES,
  LIFE,
  type LifeRow,
  type MemberRow,
  MEMBERS,
  pidOf,
} from "./rows.ts";

/** Images beyond that are forgotten with the lives of a page. */
const IMAGES_MAX = 20_000;

/** Which boots, with names of their hosts. */
export interface MirroredBoot {
  /** Numbers in the fleet. */
  readonly boot: number;
  readonly host: number;
  readonly hostName: string;
  /** Start in clock ticks since the Unix epoch, by the clock that it began with. */
  readonly epochTick: number;
}

type BootRow = readonly [
  id: number,
  host: number,
  name: string,
  bootId: string,
  tick: number,
  reach: number | null,
  isAtWork: boolean,
  waiting: number,
  hostsInAll: number,
];
type ClockRow = readonly [boot: number, since: number, epoch: string];
type RunRow = readonly [boot: number, ...rest: (string | number | null)[]];

const RUN = "pid, since, kept, seen, ended, source, why, version, events, lost, accounts, findings";

/** Rows of some hosts, as many as were asked for. */
export class Mirror {
  readonly db: DatabaseSync;
  readonly history: History;
  readonly boots: ReadonlyMap<number, MirroredBoot>;
  /** All hosts are asked: none is to be named to the server. */
  readonly isWhole: boolean;
  /** How many hosts the fleet has. */
  readonly hostsInAll: number;
  readonly #fleet: Connection;
  /** Numbers of lives here, by boot and id there. */
  #lives = new Map<string, number>();
  #images = new Map<string, number>();
  #texts = new Map<string, number>();
  readonly #gapsOf = new Set<number>();
  #last = 0;
  /** Boots of which anything was found; null while that was not asked. */
  #troubled: Set<number> | null = null;

  private constructor(
    fleet: Connection,
    history: History,
    boots: readonly MirroredBoot[],
    { isWhole, hostsInAll }: Pick<Mirror, "isWhole" | "hostsInAll">,
  ) {
    this.#fleet = fleet;
    this.isWhole = isWhole;
    this.hostsInAll = hostsInAll;
    this.history = history;
    this.db = history.db;
    this.boots = new Map(boots.map((boot) => [boot.boot, boot]));
  }

  /** Boots, clocks and runs of the hosts that a glob means; no lives yet. */
  static async open(fleet: Connection, glob: string): Promise<Mirror> {
    const hosts = globPattern(glob);
    const boots = await fleet.rows<BootRow>(
      `SELECT b.id, b.host, h.name, b.boot_id::text, b.epoch_tick, h.reach / 1000,
          now() - h.seen < interval '1 minute' AND b.id = max(b.id) OVER (PARTITION BY h.id)
            AND EXISTS (SELECT 1 FROM fh.run r WHERE r.boot = b.id AND r.ended IS NULL), h.waiting,
          (SELECT count(*) FROM fh.host)
        FROM fh.boot b JOIN fh.host h ON h.id = b.host WHERE h.name ~ $1
        ORDER BY b.epoch_tick, b.id`,
      [hosts],
    );
    const of = `FROM fh.clock c JOIN fh.boot b ON b.id = c.boot JOIN fh.host h ON h.id = b.host
      WHERE h.name ~ $1`;
    const clocks = await fleet.rows<ClockRow>(`SELECT c.boot, c.since, c.epoch::text ${of}`, [
      hosts,
    ]);
    const runs = await fleet.rows<RunRow>(
      `SELECT c.boot, ${RUN.split(", ").map((name) => `c.${name}`).join(", ")}
        ${of.replace("fh.clock", "fh.run")} ORDER BY c.since`,
      [hosts],
    );
    const db = new DatabaseSync(":memory:");
    db.exec(`${MIGRATIONS.join("\n")}; PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${MIGRATIONS.length}; PRAGMA foreign_keys = OFF`);
    inTransaction(db, () => {
      const boot = db.prepare("INSERT INTO boot VALUES (?, ?)");
      // Two hosts may be copies of one, with the same boot.
      for (const [id, , , bootId] of boots) boot.run(id, `${bootId}${NOT_ID}${id}`);
      const clock = db.prepare("INSERT INTO clock VALUES (?, ?, CAST(? AS INTEGER))");
      for (const row of clocks) clock.run(...row);
      const run = db.prepare(`INSERT INTO run (boot, ${RUN}) VALUES (?${", ?".repeat(12)})`);
      for (const row of runs) run.run(...row);
    });
    const mirror = new Mirror(
      fleet,
      // What a host knows reaches as far as it has told, not up to now.
      new History(fleet.shown, () => 0, db),
      boots.map(([boot, host, hostName, , epochTick]) => ({ boot, host, hostName, epochTick })),
      { isWhole: glob === "*", hostsInAll: Number(boots[0]?.[8] ?? 0) },
    );
    const shared = sharedGroups(boots);
    for (const [id, , hostName, bootId, , reach, isAtWork, waiting] of boots) {
      mirror.#name(id, hostName, bootId, shared.has(groupOf(bootId)));
      if (reach === null) continue;
      const boot = mirror.bootOf(id);
      // Who is heard of goes on recording.
      if (isAtWork) boot.reach(reach);
      // What waits to be shipped is not known yet, though its recorder is.
      if (waiting > 0) boot.until = Math.min(boot.until, Math.max(0, boot.nsOf(reach)));
    }
    return mirror;
  }

  #name(id: number, host: string, bootId: string, isShared: boolean): void {
    const boot = this.bootOf(id);
    boot.host = host;
    boot.bootId = bootId;
    boot.isShared = isShared;
  }

  /** Numbers of the hosts. */
  get hosts(): number[] {
    return [...new Set([...this.boots.values()].map(({ host }) => host))];
  }

  /** The boot with that number, here as there. */
  bootOf(id: number): Boot {
    return this.history.bootOf(id, "boot");
  }

  /**
   * Fetches lives with what they ran and all their ancestors; `rest` is the SQL behind FROM, with
   * the lives as `l`. They come back.
   */
  async load(rest: string, parameters: Parameters<Connection["rows"]>[1]): Promise<Life[]> {
    const all = await this.#fleet.rows<LifeRow>(`SELECT ${LIFE} FROM ${rest}`, parameters);
    // A boot may have come since this was opened.
    const found = all.filter(({ [1]: boot }) => this.boots.has(boot));
    const rows = found.filter((row) => !this.#lives.has(keyOf(row)));
    const known = new Set(rows.map(keyOf));
    const above = rows.filter(({ [1]: boot, [6]: parent }) => {
      const key = `${boot} ${parent}`;
      return parent !== null && !known.has(key) && !this.#lives.has(key);
    });
    if (above.length > 0) {
      const more = await this.#fleet.rows<LifeRow>(`SELECT ${LIFE} FROM ${ABOVE}`, [
        above.map(([host]) => host),
        above.map(({ [1]: boot }) => boot),
        above.map(({ [6]: parent }) => parent!),
      ]);
      for (const row of more) {
        const key = keyOf(row);
        if (known.has(key) || this.#lives.has(key)) continue;
        known.add(key);
        rows.push(row);
      }
    }
    await this.#add(rows);
    return found.flatMap((row) => this.history.lives.get(this.#lives.get(keyOf(row))!) ?? []);
  }

  /** Forgets all lives; those that are in use stay as they are. */
  forget(): void {
    this.db.exec("DELETE FROM life; DELETE FROM former; DELETE FROM member");
    this.history.lives.forget();
    this.#lives = new Map();
    if (this.#images.size < IMAGES_MAX) return;
    this.db.exec("DELETE FROM image; DELETE FROM text");
    this.#images = new Map();
    this.#texts = new Map();
  }

  /** Fetches in which jobs lives are or were that stand here. */
  async loadMembers(lives: readonly Life[]): Promise<void> {
    if (lives.length === 0) return;
    const its = lives.map((life) => this.boots.get(life.boot.id)!);
    const rows = await this.#fleet.rows<MemberRow>(MEMBERS, [
      its.map(({ host }) => host),
      its.map(({ boot }) => boot),
      its.map(({ epochTick }, at) => idOf(epochTick, lives[at]!)),
    ]);
    inTransaction(this.db, () => {
      const putJob = this.db.prepare(
        "INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
      );
      const put = this.db.prepare("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)");
      for (const [boot, life, key, since, until, name, owner, begun, ...rest] of rows) {
        putJob.run(key, name, owner, boot, begun, ...rest);
        put.run(key, this.#lives.get(`${boot} ${life}`)!, since, until);
      }
    });
  }

  /** Those of a job that were fetched, by their numbers here. */
  membersOf(job: number): {
    readonly life: number;
    readonly since: number | null;
    readonly until: number | null;
  }[] {
    const found = this.db.prepare("SELECT life, since, until FROM member WHERE job = ?").all(job);
    const time = (value: unknown) => value === null ? null : Number(value);
    return found.map(({ life, since, until }) => {
      return { life: Number(life), since: time(since), until: time(until) };
    });
  }

  /** Numbers of the boots of which something is missing, as far as that was fetched. */
  bootsWithGaps(): ReadonlySet<number> {
    const rows = this.db.prepare("SELECT DISTINCT boot FROM gap").all();
    return new Set(rows.map(({ boot }) => Number(boot)));
  }

  /** Fetches what is missing of some boots, once. */
  async loadGaps(boots: readonly number[]): Promise<void> {
    const fresh = boots.filter((boot) => !this.#gapsOf.has(boot));
    if (fresh.length === 0) return;
    for (const boot of fresh) this.#gapsOf.add(boot);
    const rows = await this.#fleet.rows<(number | string | null)[]>(
      `SELECT boot, since, until, lost, reason FROM fh.gap WHERE boot = ANY($1)
        ORDER BY boot, until`,
      [fresh],
    );
    inTransaction(this.db, () => {
      const add = this.db.prepare(
        "INSERT INTO gap (boot, since, until, lost, reason) VALUES (?, ?, ?, ?, ?)",
      );
      for (const row of rows) add.run(...row);
    });
  }

  /** Fetches what recorders have found within a stretch, with the lives that it is about. */
  async loadFindings({ boot: { id }, since, until }: BootSpan): Promise<void> {
    this.#troubled ??= new Set(
      (await this.#fleet.rows<[number]>("SELECT DISTINCT boot FROM fh.finding")).map(([boot]) =>
        boot
      ),
    );
    if (!this.#troubled.has(id)) return;
    const most = Math.min(until, Number.MAX_SAFE_INTEGER);
    const rows = await this.#fleet.rows<FindingRow>(FINDINGS, [
      id,
      Math.floor(since),
      Math.ceil(most),
    ]);
    // Of one process there can be several.
    const lives = [
      ...new Set(rows.flatMap(({ 6: life, 7: by }) => by === null ? life : [life, by])),
    ];
    const { host } = this.boots.get(id)!;
    await this.load(BY_ID, [lives.map(() => host), lives.map(() => id), lives]);
    inTransaction(this.db, () => {
      this.db.prepare("DELETE FROM finding WHERE boot = ?").run(id);
      const add = this.db.prepare(
        `INSERT INTO finding (boot, kind, key, since, until, over, count, life, by_life, uid, facts)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const [kind, key, begun, seen, over, count, life, by, uid, facts] of rows) {
        const its = this.#lives.get(`${id} ${life}`);
        if (its === undefined) continue;
        const above = this.#lives.get(`${id} ${by}`) ?? null;
        add.run(id, kind, key, begun, seen, over, count, its, above, uid, facts);
      }
    });
  }

  /** Number of an image here; 0 where the fleet has it not. */
  imageKey(host: number, image: string | null): number {
    return this.#images.get(`${host} ${image}`) ?? 0;
  }

  /** Fetches images. */
  async loadImages(wanted: readonly (readonly [host: number, image: string])[]): Promise<void> {
    const fresh = new Map(
      wanted.map((one) => [one.join(" "), one] as const).filter(([key]) => !this.#images.has(key)),
    );
    if (fresh.size === 0) return;
    const asked = [...fresh.values()];
    const rows = await this.#fleet.rows<ImageRow>(IMAGES, [
      asked.map(([host]) => host),
      asked.map(([, image]) => image),
    ]);
    inTransaction(this.db, () => {
      const add = this.db.prepare(
        `INSERT INTO image (argv, exe, cwd, cgroup, comm, env, uid, argv_missing)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const [host, id, uid, missing, ...parts] of rows) {
        const texts = IMAGE_PARTS.map((name, at) => {
          const bytes = parts[at]!;
          return bytes === null ? null : this.#text(toStored(name, bytes));
        });
        const { lastInsertRowid } = add.run(...texts, uid, missing === 0 ? null : missing);
        this.#images.set(`${host} ${id}`, Number(lastInsertRowid));
      }
    });
  }

  #text(value: string | Uint8Array): number {
    const key = typeof value === "string" ? value : null;
    const known = key === null ? undefined : this.#texts.get(key);
    if (known !== undefined) return known;
    const add = this.db.prepare("INSERT INTO text (hash, value) VALUES (0, ?)");
    const number = Number(add.run(value).lastInsertRowid);
    if (key !== null) this.#texts.set(key, number);
    return number;
  }

  async #add(rows: readonly LifeRow[]): Promise<void> {
    if (rows.length === 0) return;
    const formers = await this.#fleet.rows<FormerRow>(FORMERS, [
      rows.map(([host]) => host),
      rows.map(({ [1]: boot }) => boot),
      rows.map(({ [2]: id }) => id),
    ]);
    await this.loadImages([
      ...rows.map(({ [0]: host, [10]: image }) => [host, image] as const),
      ...formers.flatMap(({ 0: host, 5: image }) => image === null ? [] : [[host, image] as const]),
    ]);
    for (const row of rows) this.#lives.set(keyOf(row), ++this.#last);
    inTransaction(this.db, () => {
      const add = this.db.prepare(`INSERT INTO life VALUES (?${", ?".repeat(19)})`);
      const latest = this.db.prepare(
        "UPDATE image SET latest = max(coalesce(latest, 0), ?) WHERE id = ?",
      );
      for (const row of rows) {
        const [host, boot, , pid, born, span, parent, ppid, reaper, status, image] = row;
        const [exec, flags, user, system, minor, major, ...costs] = row.slice(11);
        const above = parent === null ? null : this.#lives.get(`${boot} ${parent}`) ?? null;
        const faults = minor === null ? null : Number(minor) + Number(major) * 2 ** 32;
        const [key, its] = [this.#lives.get(keyOf(row))!, this.imageKey(host, image)];
        add.run(
          ...[key, boot, pid, born, span, above],
          ...[above === null && parent !== null ? pidOf(parent) : ppid, reaper, status, its],
          ...[exec!, flags!, user!, system!, faults, ...costs],
        );
        if (exec !== null) latest.run(key, its);
      }
      const former = this.db.prepare("INSERT OR IGNORE INTO former VALUES (?, ?, ?, ?)");
      for (const [host, boot, id, until, since, image] of formers) {
        former.run(this.#lives.get(`${boot} ${id}`)!, until, since, this.imageKey(host, image));
      }
    });
  }
}

/** Makes the ids of boots unique in a table that has them so; none of it is shown. */
const NOT_ID = "#";

/** First groups of boot ids that boots of several hosts have: those hosts are copies of one. */
function sharedGroups(boots: readonly BootRow[]): Set<string> {
  const first = new Map<string, number>();
  const shared = new Set<string>();
  for (const [, host, , bootId] of boots) {
    const group = groupOf(bootId);
    if ((first.get(group) ?? host) !== host) shared.add(group);
    first.set(group, host);
  }
  return shared;
}

/** What ids of processes begin with. */
function groupOf(bootId: string): string {
  return bootId.slice(0, 8);
}

function keyOf({ 1: boot, 2: id }: LifeRow): string {
  return `${boot} ${id}`;
}
