/**
 * A fleet as a store that can be asked: the server finds what an answer may need, and the answer
 * is made of it as that of a history file.
 *
 * @module
 */
import type {
  Came,
  ChangeQuery,
  CostQuery,
  CostTest,
  Family,
  JobsWanted,
  JobTotals,
  KeyTotals,
  LivedQuery,
  LivesQuery,
  Logged,
  Missing,
  News,
  PastFindings,
  PastGap,
  PastJob,
  PastLife,
  PastMember,
  PastProcess,
  PastRun,
  PastStore,
  Sources,
  Spread,
} from "../ask/store.ts";
import { CommandError, EXIT } from "../fault.ts";
import { CostGroups } from "../history/cost_groups.ts";
import { asLife } from "../history/life.ts";
import { HistoryStore } from "../history/store.ts";
import type { Account } from "../model/account.ts";
import type { BootSpan, Bounds } from "../model/bounds.ts";
import type { SourceEvent } from "../model/event.ts";
import type { ChangeKind } from "../model/machine.ts";
import type { Breath } from "../steps.ts";
import { Connection, type Waiting } from "./connection.ts";
import { countEnded, sumFleet } from "./costs.ts";
import { FleetFamily } from "./family.ts";
import { FleetJobs } from "./jobs.ts";
import { FleetLives } from "./lives.ts";
import { FleetNews } from "./news.ts";
import { Mirror } from "./mirror.ts";
import { noHost } from "./no_host.ts";
import { FleetPages } from "./pages.ts";
import { idOf } from "./rows.ts";
import { spreadOf } from "./spread.ts";
import { ofOneTime, sinceBootOf, type Stretch, stretchesOf } from "./wanted.ts";

const STAYS = "A fleet is no history that can be handed on; run fh export on the host";
const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);
/** The same command line is looked for among so many lives, the latest; as in a history. */
const ALIKE_MAX = 10_000;

/** What a fleet is asked with. */
export interface FleetOptions {
  readonly url: string;
  /** A glob of hosts. */
  readonly hosts: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly breath: Breath;
  /** Is told while a question takes time. */
  readonly waiting?: Waiting;
}

/** Answers out of the tables of a fleet. */
export class FleetStore implements PastStore {
  readonly past = this;
  readonly isElsewhere = true;
  readonly behind = null;
  readonly #options: FleetOptions;
  readonly #fleet: Connection;
  readonly #mirror: Mirror;
  readonly #breath: Breath;
  /** Answers out of what was fetched. */
  readonly #store: HistoryStore;
  readonly #jobs: FleetJobs;

  private constructor(fleet: Connection, mirror: Mirror, options: FleetOptions) {
    const { breath } = options;
    this.#options = options;
    this.#fleet = fleet;
    this.#mirror = mirror;
    this.#breath = breath;
    this.#store = new HistoryStore(mirror.history, breath);
    this.#jobs = new FleetJobs(fleet, mirror);
  }

  /** Opens a fleet. Throws CommandError where it cannot be asked, or has none of the hosts. */
  static async open(options: FleetOptions): Promise<FleetStore> {
    const { url, hosts, env, signal, waiting } = options;
    const fleet = await Connection.open(url, env, signal, null, waiting);
    try {
      const mirror = await Mirror.open(fleet, hosts);
      if (mirror.boots.size === 0) throw await noHost(fleet, hosts);
      return new FleetStore(fleet, mirror, options);
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  get place(): string {
    return this.#fleet.shown;
  }

  get bounds(): Bounds {
    return this.#mirror.history.bounds;
  }

  /** Names of the hosts that are asked. */
  get hosts(): string[] {
    return [...new Set([...this.#mirror.boots.values()].map(({ hostName }) => hostName))];
  }

  /** Hosts that are silent, or whose history is behind, for longer than that; the worst first. */
  async late(
    silentMs: number,
    lagMs: number,
  ): Promise<{ readonly name: string; readonly lateMs: number }[]> {
    const rows = await this.#fleet.rows<[string, number]>(
      `SELECT name, ms FROM (SELECT name,
          (extract(epoch FROM now() - seen) * 1000)::bigint AS silent,
          (extract(epoch FROM seen) * 1000)::bigint - reach / 1000 AS lag,
          (extract(epoch FROM now() - seen) * 1000)::bigint
            + greatest(0, (extract(epoch FROM seen) * 1000)::bigint - reach / 1000) AS ms
        FROM fh.host WHERE name = ANY($1)) h WHERE silent > $2 OR lag > $3 ORDER BY ms DESC`,
      [this.hosts, silentMs, lagMs],
    );
    return rows.map(([name, lateMs]) => ({ name, lateMs }));
  }

  /** Nothing that runs here is theirs. */
  family(): Family {
    return new FleetFamily(this.#mirror, this.#store);
  }

  async *log(spans: readonly BootSpan[], query: ChangeQuery): AsyncGenerator<Logged, void> {
    const stretches = this.#stretches(spans);
    for (const some of query.few ? ofOneTime(stretches) : [stretches]) {
      yield* new FleetPages(this.#fleet, this.#mirror, this.#breath, query).changes(some);
    }
  }

  async *replay(span: BootSpan): AsyncGenerator<SourceEvent, void> {
    this.#mirror.forget();
    await this.#loadLived([span]);
    await this.#mirror.loadGaps([span.boot.id]);
    yield* this.#store.replay(span);
  }

  async lived(spans: readonly BootSpan[], query: LivedQuery): Promise<PastProcess[]> {
    await this.#loadLived(spans, query.limit);
    return await this.#store.lived(spans, query);
  }

  async *lives(
    spans: readonly BootSpan[],
    query: LivesQuery,
  ): AsyncGenerator<readonly PastLife[], void> {
    const lives = new FleetLives(this.#mirror, this.#breath, this.#stretches(spans), query);
    yield* lives.lives(this.#fleet);
  }

  async ended(spans: readonly BootSpan[]): Promise<number> {
    return await countEnded(this.#fleet, this.#mirror, this.#stretches(spans));
  }

  async gaps(spans: readonly BootSpan[]): Promise<PastGap[]> {
    await this.#mirror.loadGaps(spans.map(({ boot }) => boot.id));
    return await this.#store.gaps(spans);
  }

  /** What lived within stretches; of each boot the living, and the newest so many of the others. */
  async #loadLived(spans: readonly BootSpan[], dead = Infinity): Promise<void> {
    for (const { span, since, until } of this.#stretches(spans)) {
      const boot = this.#mirror.boots.get(span.boot.id)!;
      const its = [boot.host, boot.boot, Math.ceil(sinceBootOf(until, boot)), since];
      const from = "fh.life l WHERE l.host = $1 AND l.boot = $2 AND l.born < $3";
      const most = Number.isFinite(dead) ? `LIMIT ${Math.floor(dead)}` : "";
      await this.#mirror.load(`${from} AND l.span IS NULL ORDER BY l.id`, its.slice(0, 3));
      await this.#mirror.load(
        `(SELECT l.* FROM ${from} AND (l.ended >= $4 AND l.ended < $5::bigint + 1000000
            OR l.span > 1000000000 AND l.ended >= $4)
          ORDER BY l.id DESC ${most}) l ORDER BY l.id`,
        [...its, until],
      );
    }
  }

  async missing(spans: readonly BootSpan[]): Promise<Missing[]> {
    await this.#mirror.loadGaps(spans.map(({ boot }) => boot.id));
    return await this.#store.missing(spans);
  }

  async costs(spans: readonly BootSpan[], query: CostQuery): Promise<KeyTotals[]> {
    const { below, by } = query;
    if (below === null) {
      return await sumFleet(this.#fleet, this.#mirror, this.#stretches(spans), query);
    }
    const groups = new CostGroups(this.#mirror.db, { by, ofImage: null });
    const exits = { ...query, ...below, kinds: EXITS, backwards: false, few: false, kept: false };
    for await (const [{ process }] of this.log(spans, exits)) {
      const life = asLife(process);
      if (life === null) continue;
      const account = this.#mirror.history.accountOf(life);
      groups.ofLife(life, this.#mirror.history.lives)?.addProcess(life, account);
    }
    return groups.all();
  }

  async jobCosts(spans: readonly BootSpan[], test: CostTest | null): Promise<JobTotals[]> {
    return await this.#jobs.costs(this.#stretches(spans), test);
  }

  async accountOf(process: PastProcess): Promise<Account | null> {
    return await this.#store.accountOf(process);
  }

  async came(process: PastProcess): Promise<Came | null> {
    const life = asLife(process);
    const boot = life === null ? undefined : this.#mirror.boots.get(life.boot.id);
    if (life === null || boot === undefined) return null;
    if (life.exec === null) return null;
    await this.#mirror.load(
      `(SELECT o.* FROM fh.life me JOIN fh.image i ON i.host = me.host AND i.id = me.image
          JOIN fh.image a ON a.host = i.host AND a.comm IS NOT DISTINCT FROM i.comm
            AND a.uid IS NOT DISTINCT FROM i.uid AND a.argv = i.argv
          JOIN fh.life o ON o.host = a.host AND o.image = a.id AND o.exec IS NOT NULL
        WHERE me.host = $1 AND me.boot = $2 AND me.id = $3
        ORDER BY o.id DESC LIMIT ${ALIKE_MAX + 1}) l ORDER BY l.id`,
      [boot.host, boot.boot, idOf(boot.epochTick, life)],
    );
    return await this.#store.came(process);
  }

  async spread(process: PastProcess): Promise<Spread | null> {
    const life = asLife(process);
    return life === null ? null : await spreadOf(this.#fleet, life);
  }

  async sources(spans: readonly BootSpan[]): Promise<Sources> {
    return await this.#store.sources(spans);
  }

  jobs(wanted: JobsWanted): AsyncGenerator<PastJob, void> {
    return this.#jobs.jobs(wanted);
  }

  async members(job: number, after: number, limit: number): Promise<PastMember[]> {
    return await this.#jobs.members(job, after, limit);
  }

  async livingMembers({ key }: PastJob): Promise<PastProcess[]> {
    return await this.#jobs.living(key);
  }

  async findings(span: BootSpan): Promise<PastFindings> {
    await this.#mirror.loadFindings(span);
    return await this.#store.findings(span);
  }

  async lastRun(): Promise<PastRun | null> {
    return await this.#store.lastRun();
  }

  async count(): Promise<{ readonly lives: number; readonly running: number }> {
    const [row] = await this.#fleet.rows<[number, number]>(
      "SELECT count(*), count(*) - count(span) FROM fh.life",
    );
    return { lives: row![0], running: row![1] };
  }

  async recentNames(programs: number): Promise<string[]> {
    const rows = await this.#fleet.rows<[string]>(
      `SELECT DISTINCT fh.text(substring(name from position('\\000'::bytea in name) + 1))
        FROM (SELECT name FROM fh.program ORDER BY day DESC LIMIT $1) p`,
      [programs],
    );
    return rows.map(([name]) => name);
  }

  exportTo(): Promise<number> {
    return Promise.reject(new CommandError(EXIT.usage, STAYS));
  }

  /** One question is one statement: there is nothing to hold. */
  hold(): void {}

  release(): void {}

  news(): News {
    return new FleetNews(() => FleetStore.open(this.#options));
  }

  close(): void {
    void this.#fleet.close();
    this.#mirror.db.close();
  }

  #stretches(spans: readonly BootSpan[]): Stretch[] {
    return stretchesOf(spans, this.#mirror.boots);
  }
}
