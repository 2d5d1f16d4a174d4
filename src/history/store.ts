/**
 * A history file as a store that can be asked.
 *
 * @module
 */
import type {
  Behind,
  Came,
  ChangeQuery,
  CostQuery,
  CostTest,
  DeadBelow,
  Family,
  JobsWanted,
  JobTotals,
  KeyTotals,
  LivedQuery,
  LivesQuery,
  Living,
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
} from "../ask/store.ts";
import type { Account } from "../model/account.ts";
import type { BootSpan, Bounds } from "../model/bounds.ts";
import type { SourceEvent } from "../model/event.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Process } from "../model/process.ts";
import { cutName } from "../model/program_names.ts";
import type { ChangeKind } from "../model/machine.ts";
import type { Breath } from "../steps.ts";
import { accountSources, recordingSources, sumCostsSteps, sumJobsSteps } from "./accounts.ts";
import { cameSteps } from "./came.ts";
import { CostGroups } from "./cost_groups.ts";
import { seekCandidates } from "./candidates.ts";
import { countEnded } from "./ended.ts";
import { exportSteps } from "./export.ts";
import { FileWatch } from "./file_watch.ts";
import { History } from "./history.ts";
import { HistoryError } from "./history_error.ts";
import { Kin } from "./kin.ts";
import { asLife, type Life } from "./life.ts";
import { latestNamed } from "./latest_named.ts";
import { livedSteps } from "./lived.ts";
import { missingSteps } from "./missing.ts";
import { pastLives } from "./past_lives.ts";
import { jobSteps, readMembers } from "./past_jobs.ts";
import { readFindings } from "./past_findings.ts";
import { recentNames } from "./recent_names.ts";
import { replaySteps } from "./replay.ts";
import { Timeline } from "./timeline.ts";

const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);
/** Members that are read at once where only the living are wanted. */
const MEMBERS_AT_ONCE = 1000;

/** Answers out of an open history; long work takes breaths. */
export class HistoryStore implements PastStore {
  readonly past = this;
  readonly #history: History;
  readonly behind: Behind | null;
  readonly #breath: Breath;

  constructor(history: History, breath: Breath, behind: Behind | null = null) {
    this.#history = history;
    this.behind = behind;
    this.#breath = breath;
  }

  get place(): string {
    return this.#history.path;
  }

  get bounds(): Bounds {
    return this.#history.bounds;
  }

  family(living: Living): Family {
    return new HistoryFamily(this.#history, living, this.#breath);
  }

  async *log(spans: readonly BootSpan[], query: ChangeQuery): AsyncGenerator<Logged, void> {
    const { accepts, backwards, failed, minDuration, few, kept, lineage } = query;
    const timeline = new Timeline(this.#history);
    const way = {
      kinds: failed || minDuration !== null ? EXITS : query.kinds,
      backwards,
      among: few ? null : await this.#breath.finish(seekCandidates(this.#history, query)),
      failed,
      keep: kept,
      ancestors: kept ? ANCESTORS_MAX : 0,
      lineage,
      whole: !few,
    };
    for (const span of backwards ? [...spans].reverse() : spans) {
      for (const change of timeline.steps(span, way)) {
        if (change === null) await this.#breath.take();
        else if (accepts(change)) yield [change, span.boot];
      }
    }
  }

  async *replay(span: BootSpan): AsyncGenerator<SourceEvent, void> {
    for (const event of replaySteps(this.#history, span)) {
      if (event === null) await this.#breath.take();
      else yield event;
    }
  }

  async lived(spans: readonly BootSpan[], query: LivedQuery): Promise<PastProcess[]> {
    return await this.#breath.finish(livedSteps(this.#history, spans, query));
  }

  async *lives(
    spans: readonly BootSpan[],
    query: LivesQuery,
  ): AsyncGenerator<readonly PastLife[], void> {
    for (const batch of pastLives(this.#history, spans, query)) {
      if (batch !== null) yield batch;
      await this.#breath.take();
    }
  }

  ended(spans: readonly BootSpan[]): Promise<number> {
    return Promise.resolve(countEnded(this.#history.db, spans));
  }

  gaps(spans: readonly BootSpan[]): Promise<PastGap[]> {
    return Promise.resolve(spans.flatMap((span) => this.#history.gaps(span)));
  }

  async missing(spans: readonly BootSpan[]): Promise<Missing[]> {
    return await this.#breath.finish(missingSteps(this.#history, spans));
  }

  async costs(spans: readonly BootSpan[], query: CostQuery): Promise<KeyTotals[]> {
    const { below, by } = query;
    if (below !== null) {
      const groups = new CostGroups(this.#history.db, { by, ofImage: null });
      const exits = { ...query, ...below, kinds: EXITS, backwards: false, few: false, kept: false };
      for await (const [{ process }] of this.log(spans, exits)) {
        const life = asLife(process);
        if (life === null) continue;
        groups.ofLife(life, this.#history.lives)?.addProcess(life, this.#accountOf(life));
      }
      return groups.all();
    }
    const { ofImage, sought } = query;
    const few = sought === null ? null : await this.#breath.finish(
      seekCandidates(this.#history, { ofImage, sought, pids: null, minDuration: null }),
    );
    return await this.#breath.finish(sumCostsSteps(this.#history, spans, query, few));
  }

  async jobCosts(spans: readonly BootSpan[], test: CostTest | null): Promise<JobTotals[]> {
    return await this.#breath.finish(sumJobsSteps(this.#history, spans, test));
  }

  accountOf(process: PastProcess): Promise<Account | null> {
    return Promise.resolve(this.#accountOf(process));
  }

  #accountOf(process: Pick<PastProcess, "key">): Account | null {
    return this.#history.accountOf(process);
  }

  async came(process: PastProcess): Promise<Came | null> {
    const life = asLife(process);
    return life === null ? null : await this.#breath.finish(cameSteps(this.#history, life));
  }

  sources(spans: readonly BootSpan[]): Promise<Sources> {
    return Promise.resolve({
      recording: recordingSources(this.#history, spans),
      accounts: accountSources(this.#history, spans),
    });
  }

  async *jobs(wanted: JobsWanted): AsyncGenerator<PastJob, void> {
    for (const job of jobSteps(this.#history, wanted)) {
      if (job === null) await this.#breath.take();
      else yield job;
    }
  }

  members(job: number, after: number, limit: number): Promise<PastMember[]> {
    const { lives } = this.#history;
    const found = readMembers(this.#history, job, after, limit);
    return Promise.resolve(found.map(({ life, since, until }) => {
      lives.withParent(life);
      const account = this.#history.accountOf(life);
      return { process: life, account, since, until, next: life.key };
    }));
  }

  async livingMembers(job: PastJob): Promise<PastProcess[]> {
    const living: Life[] = [];
    for (let after = 0; living.length < job.living;) {
      const members = readMembers(this.#history, job.key, after, MEMBERS_AT_ONCE);
      if (members.length === 0) break;
      for (const { life, until } of members) if (life.alive && until === null) living.push(life);
      after = members.at(-1)!.life.key;
      await this.#breath.take();
    }
    return living;
  }

  findings(span: BootSpan): Promise<PastFindings> {
    return Promise.resolve(readFindings(this.#history, span));
  }

  lastRun(): Promise<PastRun | null> {
    return Promise.resolve(this.#history.lastRun());
  }

  count(): Promise<{ readonly lives: number; readonly running: number }> {
    return Promise.resolve(this.#history.count());
  }

  recentNames(programs: number): Promise<string[]> {
    return Promise.resolve(recentNames(this.#history.db, programs));
  }

  async exportTo(
    file: string,
    spans: readonly BootSpan[],
    onCopied: (count: number, whole: number) => void = () => {},
  ): Promise<number> {
    return await this.#breath.finish(exportSteps(this.place, file, spans, onCopied));
  }

  hold(): void {
    this.#history.db.exec("BEGIN");
    this.#history.lives.isHeld = true;
  }

  release(): void {
    this.#history.lives.isHeld = false;
    this.#history.db.exec("COMMIT");
  }

  news(): News {
    return new FileNews(this.place, this.#breath);
  }

  close(): void {
    this.#history.close();
  }
}

/** The file as it is now, each time that it may have changed. */
class FileNews implements News {
  readonly #path: string;
  readonly #breath: Breath;
  readonly #watch: FileWatch;

  constructor(path: string, breath: Breath) {
    this.#path = path;
    this.#breath = breath;
    this.#watch = new FileWatch(path);
  }

  async next(signal: AbortSignal): Promise<PastStore | null> {
    await this.#watch.changed(signal);
    if (signal.aborted) return null;
    try {
      return new HistoryStore(new History(this.#path), this.#breath);
    } catch (error) {
      if (error instanceof HistoryError) return null;
      throw error;
    }
  }

  close(): void {
    this.#watch.close();
  }
}

/** {@linkcode Kin}, taking breaths. */
class HistoryFamily implements Family {
  readonly #history: History;
  readonly #kin: Kin;
  readonly #breath: Breath;

  constructor(history: History, living: Living, breath: Breath) {
    this.#history = history;
    this.#kin = new Kin(history, living);
    this.#breath = breath;
  }

  get isOfHere(): boolean {
    return this.#kin.isOfHere;
  }

  living(pid: number): Process | null {
    return this.#kin.living(pid);
  }

  past(pid: number): Promise<PastProcess[]> {
    return Promise.resolve(this.#history.byPid(pid));
  }

  async lastNamed(name: string, thorough: boolean): Promise<PastProcess | null> {
    if (!thorough) return this.#history.byComm(cutName(name));
    return await this.#breath.finish(latestNamed(this.#history, name));
  }

  async of(past: PastProcess): Promise<Process> {
    return await this.#breath.finish(this.#kin.of(past as Life));
  }

  async meet(): Promise<void> {
    await this.#breath.finish(this.#kin.meet());
  }

  async link(some: Iterable<Process>): Promise<void> {
    await this.#breath.finish(this.#kin.link(some));
  }

  async linkAll(): Promise<void> {
    await this.#breath.finish(this.#kin.linkAll());
  }

  async deadBelow(process: Process, limit: number): Promise<DeadBelow> {
    return await this.#breath.finish(this.#kin.deadBelow(process, limit));
  }

  known(process: Process): PastProcess | null {
    return this.#kin.lifeOf(process);
  }

  spanOf(process: Process): BootSpan | null {
    return this.#kin.spanOf(process);
  }
}
