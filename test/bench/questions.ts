/**
 * Goal 19: how long questions to a long history take.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { undoAtEnd } from "./support/cleanup.ts";
import { type FilledHistory, fillHistory } from "./support/fill_history.ts";
import { median } from "./support/stats.ts";
import { megabytes, number, table } from "./support/table.ts";

const REPEATS = 10;
/** Wait status of an exit with 3. */
const NOTHING_FOUND = 3 << 8;

/** A history, and what a question to it may take. */
interface Size {
  readonly lives: number;
  /** Whether one life in four has a command line of its own: then there are as many images. */
  readonly own: boolean;
  readonly limitMs: number;
  /** The same for sums over all of it. */
  readonly sumsMs: number;
}

const SIZES: readonly Size[] = [
  { lives: 1e6, own: false, limitMs: 150, sumsMs: 300 },
  { lives: 1e7, own: false, limitMs: 500, sumsMs: 1000 },
  { lives: 1e6, own: true, limitMs: 150, sumsMs: 300 },
];
const QUICK_SIZES: readonly Size[] = [
  { lives: 1e5, own: false, limitMs: 150, sumsMs: 300 },
  { lives: 1e5, own: true, limitMs: 150, sumsMs: 300 },
];

/** Questions as they are typed; `PID` ended long ago, `NAME` ran a few times. */
const QUESTIONS: readonly (readonly string[])[] = [
  ["tree", "PID"],
  ["why", "PID"],
  ["why", "NAME"],
  ["log"],
  ["log", "-c", "NAME"],
  ["log", "--failed"],
  ["log", "-u", "www-data"],
  ["log", "-m", "no such command line"],
  ["log", "-c", "no-such-name"],
  ["account"],
  ["account", "-m", "no such command line"],
  ["log", "-e", "exec"],
];

/** Histories of several sizes, and every question to each. */
export function questionsSection(bench: Bench): Promise<Section> {
  return Promise.resolve(measureQuestions(bench));
}

function measureQuestions(bench: Bench): Section {
  const title = "Questions: to a long history";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const size of bench.quick ? QUICK_SIZES : SIZES) {
    const { lives, own, limitMs, sumsMs } = size;
    const images = own ? "one in four" : "few";
    const slowest: { name: string; ms: number }[] = [];
    const sums: { name: string; ms: number }[] = [];
    for (const { name, walls, file } of ask(bench, size)) {
      const [middle, most] = [median(walls), Math.max(...walls)];
      const times = [`${number(middle)} ms`, `${number(most)} ms`];
      rows.push([name, number(lives), images, ...times, file]);
      bench.say(`questions: ${name} of ${number(lives)}, ${images}: ${times.join(", ")}`);
      (name.startsWith("fh account") ? sums : slowest).push({ name, ms: middle });
    }
    const sum = sums.reduce((a, b) => b.ms > a.ms ? b : a);
    const sumText = `every sum over ${number(lives)} lives: median within ${number(sumsMs)} ms`;
    goals.push(atMost(19, sumText, sum.ms, sumsMs, `${number(sum.ms)} ms (${sum.name})`));
    const { name, ms } = slowest.reduce((a, b) => b.ms > a.ms ? b : a);
    const which = own ? ", a quarter with a command line of its own" : "";
    const text = `every question to ${number(lives)} lives${which}: median within ${limitMs} ms`;
    goals.push(atMost(19, text, ms, limitMs, `${number(ms)} ms (${name})`));
  }
  const header = ["question", "lives", "own command lines", "median", "longest", "file"];
  return {
    title,
    body: [
      `From start to exit, ${REPEATS} runs each, output to /dev/null, the file in the page ` +
      "cache. PID ended in the middle of the recorded time, NAME ran a hundred times or less, " +
      "and last when a tenth of it was over. With few command lines of their own the processes " +
      "run some hundred images in all; otherwise one in four has an image that no other has.",
      "",
      ...table(header, rows),
    ],
    goals,
  };
}

interface Answer {
  readonly name: string;
  /** Milliseconds. */
  readonly walls: readonly number[];
  /** How large the history is. */
  readonly file: string;
}

function ask(bench: Bench, { lives, own }: Size): Answer[] {
  const db = join(bench.folder, `questions-${lives}.db`);
  const remove = undoAtEnd(() => {
    for (const suffix of ["", "-wal", "-shm", "-lock"]) rmSync(db + suffix, { force: true });
  });
  try {
    bench.say(`questions: writing a history of ${number(lives)} lives`);
    const filled = fillHistory(db, lives, own);
    const file = megabytes(statSync(db).size);
    return QUESTIONS.map((question) => ({
      name: `fh ${question.map((word) => word.includes(" ") ? `"${word}"` : word).join(" ")}`,
      walls: time(bench, question.map((word) => fillIn(word, filled)), db),
      file,
    }));
  } finally {
    remove();
  }
}

function fillIn(word: string, { pid, rare }: FilledHistory): string {
  return word === "PID" ? `${pid}` : word === "NAME" ? rare : word;
}

function time(bench: Bench, words: readonly string[], db: string): number[] {
  const path = join(bench.folder, "questions.json");
  const args = ["--repeat", `${REPEATS}`, "--null", path, bench.fh!, ...words, "-q", "--db", db];
  spawnSync(program("measure") ?? "", args, { stdio: ["ignore", "ignore", "inherit"] });
  const { runs } = JSON.parse(readFileSync(path, "utf8"));
  return runs.map((run: { status: number; wall_us: number }) => {
    // A list that finds nothing says so by its status.
    const isEmpty = words[0] === "log" && words.some((word) => /^no[ -]such/.test(word));
    if (run.status !== (isEmpty ? NOTHING_FOUND : 0)) {
      throw new Error(`fh ${words.join(" ")}: wait status ${run.status}`);
    }
    return run.wall_us / 1000;
  });
}
