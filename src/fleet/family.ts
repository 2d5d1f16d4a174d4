/**
 * Processes of a fleet as a family: their ancestors, and what is below them.
 *
 * @module
 */
import type { DeadBelow, Family, PastProcess } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { Process } from "../model/process.ts";
import type { HistoryStore } from "../history/store.ts";
import type { Mirror } from "./mirror.ts";
import { BELOW, idOf } from "./rows.ts";

/** Lives of one pid that are looked at, the latest. */
const PIDS_MAX = 1000;
/** Descendants that are fetched, as many as a history counts. */
const BELOW_MAX = 200_000;
/** Images of a name whose latest life is looked for. */
const NAMED_MAX = 200;

/** Answers out of what was fetched; nothing lives here. */
export class FleetFamily implements Family {
  readonly isOfHere = false;
  readonly #mirror: Mirror;
  readonly #hosts: readonly number[];
  readonly #family: Family;

  /** `store` answers out of the mirror. */
  constructor(mirror: Mirror, store: HistoryStore) {
    this.#mirror = mirror;
    this.#hosts = mirror.hosts;
    this.#family = store.family({
      ...{ processes: [], bootId: "", isElsewhere: true },
      startTicks: () => null,
    });
  }

  living(): null {
    return null;
  }

  async past(pid: number): Promise<PastProcess[]> {
    return await this.#mirror.load(
      `fh.life l WHERE l.host = ANY($1) AND l.pid = $2 ORDER BY l.id DESC LIMIT ${PIDS_MAX}`,
      [this.#hosts, pid],
    );
  }

  async lastNamed(name: string, thorough: boolean): Promise<PastProcess | null> {
    // What has the name in its path or its first words may be called so; the answer looks closer.
    const isNamed = `(i.comm = convert_to(left($2, 15), 'UTF8') OR $3
      AND position(convert_to($2, 'UTF8') in coalesce(i.exe, '') || coalesce(i.argv, '')) > 0)`;
    // Many hosts have the same texts, which stand in one place once.
    const named = this.#hosts.length > 1
      ? `i.id IN (SELECT i.id FROM fh.image_text i WHERE ${isNamed})`
      : isNamed;
    await this.#mirror.load(
      `(SELECT l.* FROM (SELECT i.host, i.id FROM fh.image i
          WHERE i.host = ANY($1) AND ${named}) i
          CROSS JOIN LATERAL (SELECT * FROM fh.life l WHERE l.host = i.host AND l.image = i.id
            ORDER BY l.ended DESC NULLS FIRST LIMIT 1) l
        ORDER BY l.id DESC LIMIT ${NAMED_MAX}) l ORDER BY l.id`,
      [this.#hosts, name, thorough],
    );
    return await this.#family.lastNamed(name, thorough);
  }

  async of(past: PastProcess): Promise<Process> {
    return await this.#family.of(past);
  }

  async meet(): Promise<void> {
    await this.#family.meet();
  }

  async link(some: Iterable<Process>): Promise<void> {
    await this.#family.link(some);
  }

  async linkAll(): Promise<void> {
    await this.#family.linkAll();
  }

  async deadBelow(process: Process, limit: number): Promise<DeadBelow> {
    const boot = this.#mirror.boots.get((process as PastProcess).boot.id);
    if (boot !== undefined) {
      const id = idOf(boot.epochTick, process);
      await this.#mirror.load(BELOW, [boot.host, boot.boot, id, BELOW_MAX]);
    }
    return await this.#family.deadBelow(process, limit);
  }

  known(process: Process): PastProcess | null {
    return this.#family.known(process);
  }

  spanOf(process: Process): BootSpan | null {
    return this.#family.spanOf(process);
  }
}
