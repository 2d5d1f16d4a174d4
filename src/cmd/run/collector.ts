/**
 * The processes of a command, kept to be drawn when it has ended.
 *
 * @module
 */
import { availableParallelism, hostname } from "node:os";
import { SpanMaker } from "../../ask/span.ts";
import { Account, type TaskFigures } from "../../model/account.ts";
import { momentOf } from "../../model/boot.ts";
import { GAP_WORDS } from "../../model/event.ts";
import { type Image, IMAGE_PARTS } from "../../model/image.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import type { Users } from "../../proc/passwd.ts";
import type { Frame, SpanRun, Spans } from "../../report/span.ts";

/** Bytes that are kept; processes beyond that are counted alone. */
const KEPT_MAX = 512 << 20;
/** Bytes of a process beside what it runs: the process, what it costs, and its span at the end. */
const PROCESS_BYTES = 1000;

interface Member {
  /** Id of the process that forked it; null: not known. */
  readonly parent: string | null;
  account: Account | null;
}

interface Gap {
  readonly since: number;
  readonly until: number;
  readonly reason: string;
  readonly lost: number | null;
}

/** What a report says of the command beside its processes. */
export interface CollectedFacts extends Omit<SpanRun, "root"> {
  readonly wallNs: number;
  readonly source: string;
  readonly accounts: string | null;
}

/** Keeps members of a job with what they cost, up to a number of bytes. */
export class Collector {
  readonly #members = new Map<Process, Member>();
  readonly #images = new WeakSet<Image>();
  readonly #gaps: Gap[] = [];
  readonly #max: number;
  #bytes = 0;
  #left = 0;

  /** `max` is how many bytes are kept. */
  constructor(max: number = KEPT_MAX) {
    this.#max = max;
  }

  /** Takes a change about a member of the job, or a gap. */
  note({ kind, process, since, time, a, b }: Change): void {
    if (process === null) {
      const lost = a < 0 ? null : a;
      this.#gaps.push({ since, until: time, reason: GAP_WORDS[b] ?? "unknown", lost });
    } else if (this.#members.has(process)) {
      if (kind === "exec") this.#count(process.image);
    } else if (this.#bytes < this.#max) {
      this.#add(process);
    } else if (kind === "exit") {
      this.#left++;
    }
  }

  #add(process: Process): void {
    this.#bytes += PROCESS_BYTES;
    this.#count(process.image);
    this.#members.set(process, { parent: process.parent?.id ?? null, account: null });
  }

  #count(image: Image): void {
    if (this.#images.has(image)) return;
    this.#images.add(image);
    for (const part of IMAGE_PARTS) this.#bytes += 2 * (image.parts[part]?.length ?? 0);
  }

  /** Takes what a task of a member has cost. */
  noteAccount(process: Process, figures: TaskFigures): void {
    const member = this.#members.get(process);
    if (member === undefined) return;
    member.account ??= new Account();
    member.account.addTask(figures);
  }

  /** All of them; `root` is the pid of the first. */
  spans(facts: CollectedFacts, root: number, users: Users): Spans {
    const host = hostname();
    const first = this.#members.keys().find(({ pid }) => pid === root) ?? null;
    const originNs = first === null ? this.#earliest() : first.start ?? first.born;
    const maker = new SpanMaker(users, host);
    const spans = [...this.#members].map(([process, { parent, account }]) => {
      return maker.of(process, { parent, originNs, account, jobs: [] });
    }).sort((a, b) => a.start - b.start);
    const ends = spans.reduce((most, { end }) => Math.max(most, end ?? 0), facts.wallNs);
    const frame = { ...this.#frame(facts, host, originNs), lengthNs: Math.round(ends) };
    return { frame: { ...frame, run: runOf(facts, first) }, spans };
  }

  #earliest(): number {
    let earliest = Infinity;
    for (const { born } of this.#members.keys()) earliest = Math.min(earliest, born);
    return earliest === Infinity ? 0 : earliest;
  }

  #frame(
    { name, source, accounts }: CollectedFacts,
    host: string,
    originNs: number,
  ): Omit<Frame, "run" | "lengthNs"> {
    const [some] = this.#members.keys();
    const epoch = some?.boot.epochAt(originNs) ?? null;
    return {
      title: name,
      host,
      originMs: epoch === null ? 0 : momentOf(originNs, epoch),
      cpus: availableParallelism(),
      source,
      accounts,
      gaps: this.#gaps.map(({ since, until, ...gap }) => {
        const moved = (ns: number) => Math.round(ns - originNs);
        return { since: moved(since), until: moved(until), ...gap };
      }),
      notes: this.#notes(),
    };
  }

  #notes(): string[] {
    if (this.#left === 0) return [];
    return [`${this.#left} more processes are not in it: there were too many to keep`];
  }
}

function runOf({ name, argv, status }: CollectedFacts, first: Process | null): SpanRun {
  return { name, argv, status, root: first?.id ?? null };
}
