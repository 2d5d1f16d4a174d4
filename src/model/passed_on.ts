/**
 * Whose failure a process has passed on when it fails itself: that of a child, or nobody's.
 * docs/report.md ("What failed first") has the rule and why it is that. Pure.
 *
 * @module
 */
import { SHELLS } from "./shells.ts";

/** Exit codes of which the last failure is remembered. */
const CODES_MAX = 8;
/** Who passes on a failure with a status of its own ends so soon after its last child. */
const SOON_NS = 1e9;

/** What programs make of the failure of a child. */
export type Way =
  /** It goes on, unless told otherwise: what succeeds later says that it did. */
  | "shell"
  /** It starts nothing more and waits for what runs: compilers, build tools, scripts. */
  | "stops"
  /** The same, but it may be told to pass over some: make, and what is below it. */
  | "make"
  /** Whatever fails makes it fail in the end. */
  | "each"
  /** It only ever passes on a status; one of its own has another reason. */
  | "status";

/** A make that was told to go on is looked for so far up. */
const ABOVE_MAX = 16;

/** Programs that are none of the first two. */
const WAYS: Readonly<Record<string, Way>> = {
  make: "make",
  gmake: "make",
  ninja: "each",
  samu: "each",
  xargs: "each",
  ctest: "each",
  prove: "each",
  "run-parts": "each",
  timeout: "status",
};

/** make's options without a value, then `k`; and the long one, as far as getopt_long takes it. */
const KEEPS_GOING = /^(?:-[bBdehinpqrRstvw]*k|--k(?:e(?:e(?:p(?:-g(?:o(?:i(?:ng?)?)?)?)?)?)?)?$)/;

/** What of a program says how it passes failures on; null: not known. */
export interface Program {
  /** The name that the kernel keeps. */
  readonly comm: string | null;
  /** The path of the executable: of a script that of its interpreter. */
  readonly exe: string | null;
  readonly argv: readonly string[] | null;
}

/** What a program makes of failures; `above` are its ancestors, the parent first. */
export function wayOf(program: Program, above: Iterable<Program>): Way {
  const { comm, exe } = program;
  const way = Object.hasOwn(WAYS, comm ?? "") ? WAYS[comm!]! : null;
  if (way === "make") return keepsGoing(program, above) ? "each" : "make";
  if (way !== null) return way;
  const base = exe === null ? null : exe.slice(exe.lastIndexOf("/") + 1);
  return SHELLS.has(base ?? "") || SHELLS.has(comm ?? "") ? "shell" : "stops";
}

/** make tells those below it by a variable that only they see. */
function keepsGoing(program: Program, above: Iterable<Program>): boolean {
  const isTold = ({ comm, argv }: Program) => {
    return WAYS[comm ?? ""] === "make" && (argv ?? []).some((word) => KEEPS_GOING.test(word));
  };
  if (isTold(program)) return true;
  let up = 0;
  for (const one of above) {
    if (isTold(one)) return true;
    if (++up === ABOVE_MAX) break;
  }
  return false;
}

/** How a process has failed. */
export interface Failure {
  /** As shells tell it: 128 and the signal that ended it, else its exit code. */
  readonly code: number;
  readonly isKilled: boolean;
  /** When, nanoseconds on any clock. */
  readonly time: number;
}

/** {@linkcode Failure} of a wait status (wait(2)). */
export function failureOf(status: number, time: number): Failure {
  const signal = status & 0x7f;
  return { code: signal === 0 ? status >> 8 & 0xff : 128 + signal, isKilled: signal !== 0, time };
}

/** A child that has failed. */
interface Failed<Cause> {
  readonly cause: Cause;
  /** Children that were left when it had ended, and have not failed since. */
  left: number;
  /** There were more since, so something was started in its place. */
  isReplaced: boolean;
  /** Another one has succeeded since. */
  isFollowed: boolean;
}

/** The children of one process: is told of them as it happens, and keeps a few that failed. */
export class FailuresBelow<Cause> {
  #living = 0;
  #lastEnd = -Infinity;
  #first: Cause | null = null;
  /** By code; of one code the first that nothing has replaced, else the last. In time's order. */
  #failed: Map<number, Failed<Cause>> | null = null;

  /** A child was started. */
  begin(): void {
    this.#living++;
    if (this.#failed === null) return;
    for (const one of this.#failed.values()) one.isReplaced ||= this.#living > one.left;
  }

  /** A child has ended that has not failed, as far as that is known. */
  end(time: number, hasSucceeded: boolean): void {
    this.#end(time);
    if (!hasSucceeded || this.#failed === null) return;
    for (const one of this.#failed.values()) one.isFollowed = true;
  }

  /** A child has failed. */
  fail({ code, time }: Failure, cause: Cause): void {
    this.#end(time);
    this.#first ??= cause;
    const failed = this.#failed ??= new Map();
    for (const one of failed.values()) one.left = Math.max(0, one.left - 1);
    if (failed.get(code)?.isReplaced === false) return;
    failed.delete(code);
    failed.set(code, { cause, left: this.#living, isReplaced: false, isFollowed: false });
    if (failed.size > CODES_MAX) failed.delete(failed.keys().next().value!);
  }

  #end(time: number): void {
    this.#living = Math.max(0, this.#living - 1);
    this.#lastEnd = time;
  }

  /** Whose failure a process has passed on that ends so; null: nobody's, it is its own. */
  passedOn({ code, isKilled, time }: Failure, way: Way): Cause | null {
    const same = this.#failed?.get(code)?.cause ?? null;
    if (isKilled || way === "status") return same;
    if (way === "each") return this.#first;
    const all = [...this.#failed?.values() ?? []];
    const last = all.find(({ isReplaced, isFollowed }) => {
      return !isReplaced && !(way === "shell" && isFollowed);
    })?.cause ?? null;
    if (way === "make") return last;
    return same ?? (time - this.#lastEnd <= SOON_NS ? last : null);
  }
}
