/**
 * Families whose truth is known, made by test/programs/lineage.c.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One process, as the program wrote it down. */
export interface Member {
  /** What the program was told to make. */
  readonly phase: string;
  readonly role: string;
  readonly index: number;
  readonly pid: number;
  /** The process that forked it. */
  readonly ppid: number;
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** Number of the signal that ended it; null when it exited. */
  readonly signal: number | null;
  /** Who had adopted it at its end; null when its parent still lived. */
  readonly reaper: number | null;
  /** Milliseconds since the epoch, a little after its fork. */
  readonly start: number;
  /** Milliseconds since the epoch, a little before its end. */
  readonly end: number;
}

/** What one run of the program made. */
export class Truth {
  /** In the order of their forks, the program itself first. */
  readonly members: readonly Member[];
  /** Milliseconds since the epoch at which nothing happened. */
  readonly marks: readonly number[];

  constructor(text: string) {
    const lines = text.trim().split("\n").map((line) =>
      Object.fromEntries(line.split(" ").map((word) => word.split("=") as [string, string]))
    );
    this.members = lines.filter(({ pid }) => pid !== undefined).map(readMember);
    this.marks = lines.flatMap(({ mark, at }) => mark === undefined ? [] : [Number(at) / 1e6]);
  }

  /** The truth in the file that the program was given. */
  static read(path: string): Truth {
    return new Truth(readFileSync(path, "utf8"));
  }

  /** The program itself. */
  get program(): Member {
    return this.members[0]!;
  }

  /** The one with that part in a phase. */
  one(phase: string, role: string, index = 0): Member {
    const found = this.members.find((one) =>
      one.phase === phase && one.role === role && one.index === index
    );
    if (found === undefined) throw new Error(`No ${role} ${index} in ${phase}`);
    return found;
  }

  /** All with that part. */
  all(phase: string, role: string): Member[] {
    return this.members.filter((one) => one.phase === phase && one.role === role);
  }

  /** Children in the order of their forks. */
  children({ pid }: Member): Member[] {
    return this.members.filter(({ ppid }) => ppid === pid);
  }

  /** From a process up to the program. */
  chain(member: Member): Member[] {
    const byPid = new Map(this.members.map((one) => [one.pid, one]));
    const chain: Member[] = [];
    for (let at: Member | undefined = member; at !== undefined; at = byPid.get(at.ppid)) {
      chain.push(at);
    }
    return chain;
  }

  /** Who lived at a moment, in the order of their forks. */
  at(moment: number): Member[] {
    return this.members.filter(({ start, end }) => start <= moment && end >= moment);
  }
}

function readMember(words: Readonly<Record<string, string>>): Member {
  const number = (name: string) => Number(words[name]);
  const signal = number("status") & 0x7f;
  return {
    phase: words["phase"]!,
    role: words["role"]!,
    index: number("index"),
    pid: number("pid"),
    ppid: number("ppid"),
    code: signal === 0 ? number("status") >> 8 : null,
    signal: signal === 0 ? null : signal,
    reaper: number("reaper") || null,
    start: number("start") / 1e6,
    end: number("end") / 1e6,
  };
}
