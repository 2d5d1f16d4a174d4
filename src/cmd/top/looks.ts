/**
 * The model of `fh top` at a session: what is read of the living, and what rows are called.
 *
 * @module
 */
import { createFilter, type Filter } from "../../ask/filter.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import type { Context } from "../../cli/command.ts";
import { liveSource } from "../../cli/globals.ts";
import { isBad } from "../../detect/ends.ts";
import type { Change } from "../../model/change.ts";
import type { Image } from "../../model/image.ts";
import { type Process, TICK_NS } from "../../model/process.ts";
import { type CgroupPlace, parseCgroup } from "../../proc/cgroup.ts";
import { pageSizeOf } from "../../proc/page_size.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import { openUsers } from "../../proc/users.ts";
import type { Session } from "../../session.ts";
import { lossNoun } from "../../text/words.ts";
import { TopModel, type Used } from "../../top/model.ts";
import type { TopKey } from "../../top/columns.ts";
import type { TopRow } from "../../top/row.ts";
import { processText } from "../../view/top.ts";
import type { TopOptions } from "./command.ts";
import { whoseOf } from "../watch/whose.ts";
import { TopJobs } from "./jobs.ts";
import { openTop } from "./open.ts";

/** Looks at a host. */
export class Looks {
  readonly session: Session;
  readonly reader: ProcReader;
  readonly #users = openUsers().live();
  readonly #places = new WeakMap<Image, CgroupPlace>();
  readonly #page: number;
  readonly #jobs: TopJobs;
  readonly #filter: Filter;
  #model!: TopModel;
  #lost = 0;
  #lossReason = 0;

  private constructor(context: Context, session: Session, reader: ProcReader, filter: Filter) {
    this.session = session;
    this.#filter = filter;
    this.#jobs = new TopJobs(context);
    this.reader = reader;
    this.#page = pageSizeOf(reader.read("self", "auxv"));
  }

  /** Opens the source, and waits until it is known what runs; `onEnd` is told of its end. */
  static async open(
    context: Context,
    options: TopOptions,
    onEnd: (error: Error | null) => void,
  ): Promise<Looks> {
    const { pid } = await whoseOf(context, options);
    const { user, comm, match, cgroup } = options;
    const some = { pid, user, comm, match, cgroup };
    const given = Object.entries(some).filter(([, value]) => value !== undefined);
    const filter = createFilter(Object.fromEntries(given), openUsers());
    let looks: Looks | null = null;
    const { promise: scanned, resolve: goOn } = Promise.withResolvers<void>();
    const session = await openTop(context, {
      capture: {
        source: liveSource(options.source),
        procRoot: context.procRoot,
        env: [],
        intervalNs: null,
        realtime: true,
        accounts: true,
        patient: true,
      },
      redact: createRedactFrom(options),
      onChange: (change) => looks?.note(change),
      onScanned: goOn,
      onEnd: (error) => {
        goOn();
        onEnd(error);
      },
    });
    looks = new Looks(context, session, openProcfs(context.procRoot), filter);
    const { by = "command" } = options;
    if (by === "job") await looks.#jobs.refresh(session.now);
    looks.#begin(by);
    await Promise.race([scanned, aborted(context.signal)]);
    return looks;
  }

  /** The rows of the time since the last look. */
  look(): readonly TopRow[] {
    if (this.#model.key === "job") void this.#jobs.refresh(this.session.now);
    return this.#model.look(this.session.machine.processes(), this.session.now);
  }

  /** Takes note of a change. */
  note(change: Change): void {
    if (change.kind !== "gap") return this.#model.note(change);
    this.#lost += Math.max(0, change.a);
    this.#lossReason = change.b;
  }

  /** Rows by another key from the next look on. */
  set key(key: TopKey) {
    this.#model.key = key;
    if (key === "job") void this.#jobs.refresh(this.session.now);
  }

  /** What a row is called. */
  nameOf(row: TopRow): string {
    const { group } = row;
    if (typeof group !== "string") return processText(group);
    return this.#model.key === "user" ? this.#userName(group) : group;
  }

  /** What a filter is looked for in. */
  textOf(row: TopRow): string {
    const name = this.nameOf(row);
    return row.process === null ? name : `${name} ${processText(row.process)}`;
  }

  /** What the figures do not have. */
  *missing(): Iterable<string> {
    if (this.#model.key === "job" && this.#jobs.missing !== null) yield this.#jobs.missing;
    const { info } = this.session;
    const { hidden, unaccounted, dropped } = this.#model;
    if (info.isLimited ?? info.source === "poll") {
      yield `the source ${info.source} may miss what is short-lived or another user's`;
    }
    if (hidden > 0) yield `${hidden} of the living could not be read`;
    if (unaccounted > 0) yield `the CPU of ${unaccounted} that ended is not known`;
    if (dropped > 0) yield `${dropped} starts and ends were too many to be told apart`;
    if (this.#lost > 0) yield `${this.#lost} ${lossNoun(this.#lost, this.#lossReason)} lost`;
  }

  #begin(key: TopKey): void {
    const world = {
      read: (process: Process) => this.#read(process),
      valuesOf: (process: Process, by: Exclude<TopKey, "subtree">) => this.#valuesOf(process, by),
      concerns: (process: Process) => this.#filter.concerns(process),
      isAccounted: (this.session.info.accounts ?? null) !== null,
      isFailure: isBad,
    };
    this.#model = new TopModel(world, key, this.session.now);
    this.session.begin();
  }

  #read(process: Process): Used | null {
    const bytes = this.reader.read(process.pid, "stat");
    const stat = bytes === null ? null : parseStat(bytes);
    if (stat === null) return null;
    // Another has its pid, whose end is still to be told.
    if (process.start !== null && Math.abs(stat.startTicks - process.startTicks) > 1) return null;
    return { cpuNs: (stat.utime + stat.stime) * TICK_NS, bytes: stat.rss * this.#page };
  }

  #valuesOf(process: Process, key: Exclude<TopKey, "subtree">): readonly string[] {
    switch (key) {
      case "command":
        return some(process.image.comm);
      case "user":
        return some(process.uid === null ? null : String(process.uid));
      case "unit":
      case "container":
        return some(this.#placeOf(process.image)[key]);
      case "job":
        return this.#jobs.of(process);
    }
  }

  #placeOf(image: Image): CgroupPlace {
    let place = this.#places.get(image);
    if (place === undefined) this.#places.set(image, place = parseCgroup(image.cgroupText ?? ""));
    return place;
  }

  #userName(uid: string): string {
    return uid === "-" ? uid : this.#users.name(Number(uid)) ?? uid;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function some(value: string | null): readonly string[] {
  return value === null ? [] : [value];
}
