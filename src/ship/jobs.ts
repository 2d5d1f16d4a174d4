/**
 * Jobs beside the lives that are shipped: those that are new or have changed, and who was in them.
 *
 * @module
 */
import type { OutgoingKey, OutgoingLife } from "../history/outgoing.ts";
import type { OutgoingJobs, OutgoingKeptJob, OutgoingMember } from "../history/outgoing_jobs.ts";

/** Jobs that are new, and members of those, of one parcel. */
const JOBS_AT_ONCE = 200;
const MEMBERS_AT_ONCE = 5000;
/** So long after the end of a job (ns) accounts of its members have come. */
const SETTLED_NS = 30e9;

/** A job as a sink knows it: by the number of another file, perhaps. */
export interface KnownJob {
  readonly number: number;
  readonly bootId: string;
  /** Nanoseconds since boot. */
  readonly since: number;
  readonly owner: number;
  readonly name: string;
  readonly isOpen: boolean;
}

/** A member of a job, by name. */
export interface ShippedMember extends OutgoingKey, Omit<OutgoingMember, "life"> {}

/** What a parcel has of jobs. */
export interface ShippedJobs {
  readonly jobs: readonly OutgoingKeptJob[];
  readonly members: readonly ShippedMember[];
  /** Jobs that the sink has as open, and the history has not any more. */
  readonly gone: readonly KnownJob[];
  /** Jobs that have another number than the sink has. */
  readonly renumbered: readonly (KnownJob & { readonly now: number })[];
}

/** Of a job that is new, where its members are to be read on. */
interface Unread {
  readonly job: number;
  readonly after: number;
}

/** What was looked at of jobs. */
interface Taken {
  readonly shipped: ShippedJobs;
  readonly looked: readonly OutgoingKeptJob[];
  readonly last: number;
  readonly unread: readonly Unread[];
  /** Whether more of them wait for the next parcel. */
  readonly more: boolean;
}

type Reach = { readonly boot: number; readonly ns: number } | null;

/** What one session with a sink knows of jobs. */
export class JobNews {
  readonly #source: OutgoingJobs;
  /** Number of the last job that the sink has. */
  #last = 0;
  /** Those that may change still, by their numbers, as they were told. */
  readonly #watched = new Map<number, string>();
  #unread: readonly Unread[] = [];
  #gone: KnownJob[] = [];
  #renumbered: (KnownJob & { readonly now: number })[] = [];

  /** `known` are those that the sink has as open, and its newest. */
  constructor(source: OutgoingJobs, known: readonly KnownJob[]) {
    this.#source = source;
    for (const one of known) {
      const now = source.find(one, one.number);
      if (now === null) {
        if (one.isOpen) this.#gone.push(one);
        continue;
      }
      if (now !== one.number) this.#renumbered.push({ ...one, now });
      this.#last = Math.max(this.#last, now);
      this.#watched.set(now, "");
    }
    // The file is another: what of it the sink has is not told by a number.
    if (this.#gone.length + this.#renumbered.length > 0) this.#last = 0;
  }

  /** What there is to tell beside some lives. */
  take(lives: readonly OutgoingLife[]): Taken {
    const looked = this.#source.jobs(this.#last, [...this.#watched.keys()], JOBS_AT_ONCE);
    const fresh = looked.filter(({ id }) => id > this.#last);
    const members = lives.flatMap(({ members, bootId, pid, born, nth }) =>
      members.map(({ life: _, ...one }) => ({ ...one, bootId, pid, born, nth }))
    );
    // What was put into a new job was shipped before, perhaps.
    const unread = [...this.#unread, ...fresh.map(({ id }) => ({ job: id, after: 0 }))];
    for (let room = MEMBERS_AT_ONCE; room > 0 && unread.length > 0;) {
      const { job, after } = unread[0]!;
      const some = this.#source.members(job, after, room);
      members.push(...some.map(({ life: _, ...one }) => one));
      if (some.length < room) unread.shift();
      else unread[0] = { job, after: some.at(-1)!.life };
      room -= some.length;
    }
    return {
      shipped: {
        jobs: looked.filter((job) => this.#watched.get(job.id) !== signatureOf(job)),
        members,
        gone: this.#gone,
        renumbered: this.#renumbered,
      },
      looked,
      last: fresh.at(-1)?.id ?? this.#last,
      unread,
      more: fresh.length === JOBS_AT_ONCE || unread.length > 0,
    };
  }

  /** It is acknowledged; `reach` is up to when the file is written, in which boot. */
  keep({ looked, last, unread }: Taken, reach: Reach): void {
    this.#gone = [];
    this.#renumbered = [];
    this.#last = last;
    this.#unread = unread;
    this.#watched.clear();
    for (const job of looked) {
      const { id, boot, until } = job;
      const isSettled = until !== null &&
        (reach === null || boot !== reach.boot || until < reach.ns - SETTLED_NS);
      if (!isSettled) this.#watched.set(id, signatureOf(job));
    }
  }
}

/** Everything of a job that may change. */
function signatureOf({ name, until, started, lost, lastPid, totals }: OutgoingKeptJob): string {
  return JSON.stringify([name, until, started, lost, lastPid, totals]);
}
