/**
 * FILTERS: which changes somebody wants to see.
 *
 * @module
 */
import { IMAGES_REMEMBERED } from "./limits.ts";
import { decodeText, type Image } from "../model/image.ts";
import { Lineage } from "../model/lineage.ts";
import type { Change, ChangeKind } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { searchedText } from "../model/own_questions.ts";
import { cutName, namesOf } from "../model/program_names.ts";
import { RecentAnswers } from "../model/recent_answers.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Sought } from "./store.ts";
import { literalsOf } from "./text/literal.ts";
import { type Glob, parseUser, type UserIds } from "./text/values.ts";

type TextTest = (text: string) => boolean;

/** What the options about filters give; filters that are not set let everything pass. */
export interface FilterOptions {
  readonly pid?: readonly number[];
  readonly event?: readonly ChangeKind[];
  /** Names or uids. */
  readonly user?: readonly string[];
  readonly comm?: readonly TextTest[];
  readonly match?: readonly { test(text: string): boolean }[];
  readonly failed?: boolean;
  /** Nanoseconds. */
  readonly minDuration?: number;
  readonly cgroup?: readonly TextTest[];
  /** Of the executable's path; requests and rules only. */
  readonly exe?: readonly TextTest[];
  /** Of the systemd unit's name; requests and rules only. */
  readonly unit?: readonly TextTest[];
}

/** Whether a process is, or descends from, one that was asked for. */
export interface Descent {
  has(process: Process): boolean;
}

/** Which changes somebody wants to see. */
export interface Filter {
  /** Whether to show `change`; to be asked of every change, in order. */
  matches(change: Change): boolean;
  /** What is asked of the image and the user alone; null when nothing is. */
  readonly ofImage: ((shown: Shown) => boolean) | null;
  /** Whether a process is one of those that are asked for, whatever becomes of it. */
  readonly concerns: (process: Process) => boolean;
  /** What every image has that passes; null where nobody can tell. */
  readonly sought: Sought | null;
}

/** What a process shows. */
export type Shown = Pick<Process, "image" | "uid">;

type ProcessTest = (process: Process) => boolean;
type ShownTest = (shown: Shown) => boolean;

/**
 * Makes a filter: several kinds of filters must all hold, of a repeated one any. Gaps always
 * pass, snapshots whatever events are asked for. `descent` answers what `--pid` asks; without
 * `ownQuestions`, `--match` does not look at what questions of fh look for. Throws UsageError for
 * an unknown user.
 */
export function createFilter(
  options: FilterOptions,
  users: UserIds,
  descent: (pids: readonly number[]) => Descent = (pids) => new Lineage(pids),
  ownQuestions = true,
): Filter {
  const lineage = options.pid === undefined ? null : descent(options.pid);
  const kinds = wantedKinds(options);
  const shownTests = imageTests(options, users, ownQuestions);
  const tests = [...lifeTests(options), ...shownTests];
  return {
    ofImage: shownTests.length === 0 ? null : (shown) => shownTests.every((test) => test(shown)),
    sought: soughtBy(options, users),
    concerns(process): boolean {
      if (lineage !== null && !lineage.has(process)) return false;
      return shownTests.every((test) => test(process));
    },
    matches(change: Change): boolean {
      const { process } = change;
      if (process === null) return true;
      if (lineage !== null && !lineage.has(process)) return false;
      if (!kinds.has(change.kind)) return false;
      for (const test of tests) if (!test(process)) return false;
      return true;
    },
  };
}

/** Each is looked for by itself: with more it takes longer than it saves. */
const LITERALS_MAX = 8;

function soughtBy({ match, comm, user }: FilterOptions, users: UserIds): Sought | null {
  const lines = match?.map((pattern) => pattern instanceof RegExp ? literalsOf(pattern) : null);
  const literals = lines === undefined || lines.includes(null) ? [] : lines.flat() as string[];
  if (literals.length > 0 && literals.length <= LITERALS_MAX) {
    return { in: "command line", literals };
  }
  const names = comm?.map((test) => plainName(test as Partial<Glob>));
  if (names !== undefined && !names.includes(null) && names.length <= LITERALS_MAX) {
    // The kernel keeps less of a long name.
    return { in: "name", literals: names.map((name) => cutName(name!)) };
  }
  if (user === undefined) return null;
  return { in: "user", uids: user.map((text) => parseUser(text, users)) };
}

/** The name that a glob without signs stands for, as it is in any text. */
function plainName({ glob = "*" }: Partial<Glob>): string | null {
  return /^[!#-)+->@-Z^-~]+$/.test(glob) ? glob : null;
}

function wantedKinds(options: FilterOptions): ReadonlySet<ChangeKind> {
  const { event = ["fork", "exec", "exit"], failed, minDuration } = options;
  if (!failed && minDuration === undefined) return new Set([...event, "snapshot"]);
  return new Set(event.filter((kind) => kind === "exit"));
}

function lifeTests({ failed, minDuration }: FilterOptions): ProcessTest[] {
  const tests: ProcessTest[] = [];
  if (failed) tests.push(({ status }) => status !== null && status !== 0);
  if (minDuration !== undefined) {
    tests.push(({ durationNs }) => durationNs !== null && durationNs >= minDuration);
  }
  return tests;
}

function imageTests(
  options: FilterOptions,
  users: UserIds,
  ownQuestions: boolean,
): ShownTest[] {
  const { user, comm, match, cgroup, exe, unit } = options;
  const tests: ShownTest[] = [];
  if (user !== undefined) {
    const uids = new Set(user.map((text) => parseUser(text, users)));
    tests.push(({ uid }) => uid !== null && uids.has(uid));
  }
  if (comm !== undefined) {
    tests.push(ofImage((image) => namesOf(image).some((name) => any(comm, name))));
  }
  if (match !== undefined) {
    const patterns = match.map((pattern): TextTest => (text) => pattern.test(text));
    tests.push(ofImage((image) => any(patterns, commandLine(image, ownQuestions))));
  }
  if (cgroup !== undefined) {
    tests.push(ofImage(({ cgroupText }) => {
      const { path } = parseCgroup(cgroupText ?? "");
      return path !== null && any(cgroup, path);
    }));
  }
  if (exe !== undefined) {
    tests.push(
      ofImage(({ exe: path, program }) => path !== null && (any(exe, path) || any(exe, program!))),
    );
  }
  if (unit !== undefined) {
    tests.push(ofImage(({ cgroupText }) => {
      const { unit: name } = parseCgroup(cgroupText ?? "");
      return name !== null && any(unit, name);
    }));
  }
  return tests;
}

function any(tests: readonly TextTest[], text: string): boolean {
  return tests.some((test) => test(text));
}

/** Asks once for each image that was met lately: forks share their parent's. */
function ofImage(test: (image: Image) => boolean): ShownTest {
  const answers = RecentAnswers.ofObjects<Image, boolean>(IMAGES_REMEMBERED);
  return ({ image }) => {
    let answer = answers.get(image);
    if (answer === undefined) {
      answer = test(image);
      answers.set(image, answer);
    }
    return answer;
  };
}

/** As one text, made of the bytes: the words of a long one are not to be kept for this alone. */
function commandLine({ parts: { argv }, comm }: Image, ownQuestions: boolean): string {
  if (argv === null || argv.length === 0) return comm ?? "";
  const text = decodeText(argv.at(-1) === 0 ? argv.subarray(0, -1) : argv);
  return ownQuestions ? text.replaceAll("\0", " ") : searchedText(text, comm);
}
