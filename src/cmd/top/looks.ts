/**
 * The model of `fh top` at a session: what is read of the living, and what rows are called.
 *
 * @module
 */
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
import { openTop } from "./open.ts";

/** Looks at a host. */
export class Looks {
  readonly session: Session;
  readonly reader: ProcReader;
  readonly #users = openUsers().live();
  readonly #places = new WeakMap<Image, CgroupPlace>();
  readonly #page: number;
  #model!: TopModel;
  #lost = 0;
  #lossReason = 0;

  private constructor(session: Session, reader: ProcReader) {
    this.session = session;
    this.reader = reader;
    this.#page = pageSizeOf(reader.read("self", "auxv"));
  }

  /** Opens the source; `onEnd` is told when that ends by itself. */
  static async open(
    context: Context,
    options: TopOptions,
    onEnd: (error: Error | null) => void,
  ): Promise<Looks> {
    let looks: Looks | null = null;
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
      onEnd,
    });
    looks = new Looks(session, openProcfs(context.procRoot));
    looks.#begin(options.by ?? "command");
    return looks;
  }

  /** The rows of the time since the last look. */
  look(): readonly TopRow[] {
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
    const { info } = this.session;
    const { hidden, unaccounted, dropped } = this.#model;
    if (info.isLimited ?? info.source === "poll") {
      yield `the source ${info.source} may miss what is short-lived or another user's`;
    }
    if (hidden > 0) yield `${hidden} processes could not be read`;
    if (unaccounted > 0) yield `the CPU of ${unaccounted} that ended is not known`;
    if (dropped > 0) yield `${dropped} starts and ends were too many to be told apart`;
    if (this.#lost > 0) yield `${this.#lost} ${lossNoun(this.#lost, this.#lossReason)} lost`;
  }

  #begin(key: TopKey): void {
    const world = {
      read: (process: Process) => this.#read(process),
      valueOf: (process: Process, by: Exclude<TopKey, "subtree">) => this.#valueOf(process, by),
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

  #valueOf(process: Process, key: Exclude<TopKey, "subtree">): string | null {
    switch (key) {
      case "command":
        return process.image.comm;
      case "user":
        return process.uid === null ? null : String(process.uid);
      case "unit":
      case "container":
        return this.#placeOf(process.image)[key];
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
