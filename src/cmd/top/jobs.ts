/**
 * The jobs of a recorder, as `fh top` knows them: it asks every two seconds, and who is born in
 * between is in those of the parent.
 *
 * @module
 */
import type { Process } from "../../model/process.ts";
import { type Asking, ServerDoor } from "../../serve/client/ask.ts";
import type { Fields } from "../../serve/protocol.ts";

/** Who joined by hand, or left, is known after so long. */
const REFRESH_NS = 2e9;
/** A server that takes longer is not waited for. */
const ANSWER_MS = 1500;

interface Member {
  readonly startTicks: number;
  readonly names: string[];
}

/** What is known of one process. */
interface Known {
  readonly names: readonly string[];
  /** The answer out of which that is. */
  readonly answer: number;
}

const NO_NAMES: readonly string[] = [];

/** Asks for them. */
export class TopJobs {
  /** Why the jobs are not known; null where they are. */
  missing: string | null = null;
  readonly #asking: Asking;
  readonly #known = new WeakMap<Process, Known>();
  #members: ReadonlyMap<number, Member> = new Map();
  #answers = 0;
  /** When it was asked last, and when for the answer that is known; nanoseconds since boot. */
  #askedAt = -Infinity;
  #answerAt = -Infinity;
  #isAsking = false;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** Names of the jobs in which a process is, or was at its end. */
  of(process: Process): readonly string[] {
    const known = this.#known.get(process);
    if (known !== undefined && (known.answer === this.#answers || !process.alive)) {
      return known.names;
    }
    const names = this.#find(process);
    this.#known.set(process, { names, answer: this.#answers });
    return names;
  }

  /** Asks again where the last answer is old; `now` is nanoseconds since boot. */
  async refresh(now: number): Promise<void> {
    if (this.#isAsking || now - this.#askedAt < REFRESH_NS) return;
    this.#isAsking = true;
    this.#askedAt = now;
    try {
      const signal = AbortSignal.any([this.#asking.signal, AbortSignal.timeout(ANSWER_MS)]);
      this.#members = await askMembers({ ...this.#asking, signal });
      this.#answerAt = now;
      this.#answers++;
      this.missing = null;
    } catch (error) {
      // A server of another make may answer anything.
      this.missing = `jobs are not known: ${(error as Error).message}`;
    } finally {
      this.#isAsking = false;
    }
  }

  /** By birth: what the nearest ancestor is in of which that is known. */
  #find(process: Process): readonly string[] {
    for (let at: Process | null = process; at !== null; at = at.parent) {
      const known = this.#known.get(at);
      if (at !== process && known !== undefined && (!at.alive || known.answer === this.#answers)) {
        return known.names;
      }
      const member = this.#members.get(at.pid);
      if (member !== undefined && Math.abs(member.startTicks - at.startTicks) <= 1) {
        return member.names;
      }
      // Who lived when the recorder was asked, and was not named, is in none.
      if (at.alive && at.born < this.#answerAt) return NO_NAMES;
    }
    return NO_NAMES;
  }
}

async function askMembers(asking: Asking): Promise<ReadonlyMap<number, Member>> {
  const members = new Map<number, Member>();
  const door = await ServerDoor.open(asking, undefined, "this server keeps no jobs; run fh record");
  try {
    for await (const { job, name: own, uid, user, running } of openJobs(door)) {
      if (running === 0) continue;
      // Each owner may have one of that name.
      const name = uid === asking.euid ? own : `${own} of ${user ?? uid}`;
      const { members: some } = await door.ask("job_members", { job, running: true });
      for (const { pid, start_ticks: startTicks } of some as readonly Running[]) {
        const known = members.get(pid);
        if (known !== undefined && known.startTicks === startTicks) known.names.push(name);
        else members.set(pid, { startTicks, names: [name] });
      }
    }
  } finally {
    door.close();
  }
  return members;
}

async function* openJobs(door: ServerDoor): AsyncGenerator<OpenJob, void> {
  let asked: Fields | null = {};
  while (asked !== null) {
    const { jobs, next }: Fields = await door.ask("job_list", asked);
    yield* jobs as readonly OpenJob[];
    asked = next === null || next === undefined ? null : { before: next };
  }
}

/** Fields of a job, and of a member, in answers of the server. */
interface OpenJob {
  readonly job: number;
  readonly name: string;
  readonly uid: number;
  readonly user: string | null;
  readonly running: number;
}

interface Running {
  readonly pid: number;
  readonly start_ticks: number;
}
