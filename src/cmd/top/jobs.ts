/**
 * The jobs of a recorder, as `fh top` knows them: asked for now and then, and joined by birth in
 * between.
 *
 * @module
 */
import { CommandError } from "../../fault.ts";
import type { Process } from "../../model/process.ts";
import { type Asking, ServerDoor } from "../../serve/client/ask.ts";
import type { Fields } from "../../serve/protocol.ts";

/** Who joined by hand, or left, is known after so long. */
const REFRESH_NS = 2e9;

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
  /** When the last answer was asked for, nanoseconds since boot. */
  #askedAt = -Infinity;
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
      this.#members = await askMembers(this.#asking);
      this.#answers++;
      this.missing = null;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.missing = `jobs are not known: ${error.message}`;
    } finally {
      this.#isAsking = false;
    }
  }

  #find(process: Process): readonly string[] {
    const member = this.#members.get(process.pid);
    if (member !== undefined && Math.abs(member.startTicks - process.startTicks) <= 1) {
      return member.names;
    }
    // Who lived when the recorder was asked, and was not named, is in none.
    if (process.alive && process.born < this.#askedAt) return NO_NAMES;
    return process.parent === null ? NO_NAMES : this.of(process.parent);
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
