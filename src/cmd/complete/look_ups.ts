/**
 * What completion looks up: of the host, its history, and its recorder. Each takes a moment at
 * most, whatever there is: who presses a key waits for it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Notes } from "../../ask/notes.ts";
import { openHistory } from "../../ask/open/open.ts";
import type { Context } from "../../cli/command.ts";
import type { Choice } from "../../cli/expect.ts";
import type { Kind } from "../../cli/option.ts";
import { parsePasswd } from "../../proc/passwd_text.ts";
import { withoutKernelThreads } from "../../proc/processes.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { Breath } from "../../steps.ts";
import { signalName } from "../../text/words.ts";
import { listJobs, openJobs } from "../job/door.ts";

/** So long is looked; what has been found by then is offered. */
const PATIENCE_MS = 40;
/** Programs that a history tells of: the newest so many, with other arguments counted as others. */
const RECENT = 2000;
const [SIGNAL_MAX, REAL_TIME_MIN, REAL_TIME_MAX] = [31, 34, 64];

type Given = Readonly<Record<string, string>>;
type LookUp = (
  context: Context,
  text: string,
  given: Given,
) => readonly Choice[] | Promise<readonly Choice[]>;

/** By what is to be found; `text` is what has been typed, `given` the options that were. */
export const LOOK_UPS: Readonly<Record<Exclude<Kind, "path">, LookUp>> = {
  "job": (context, _text, given) => findJobs(context, false, given),
  "any job": (context, _text, given) => findJobs(context, true, given),
  "name": (context, _text, { db }) => findNames(context, new Running(context), db),
  "process": async (context, text, { db }) => {
    const running = new Running(context);
    const pids = text === "" || /^\d/.test(text) ? running.pids(text) : [];
    return /^\d/.test(text) ? pids : [...pids, ...await findNames(context, running, db)];
  },
  "user": () => words(parsePasswd(readText("/etc/passwd")).uidOf.keys()),
  "group": () => words(readText("/etc/group").split("\n").map((line) => line.replace(/:.*/, ""))),
  "signal": (_context, text) => {
    const names = Array.from({ length: SIGNAL_MAX }, (_, i) => signalName(i + 1));
    return words(text.startsWith("SIG") ? names : names.map((name) => name.slice(3)));
  },
  "real-time signal": () => {
    const length = REAL_TIME_MAX - REAL_TIME_MIN + 1;
    return words(Array.from({ length }, (_, i) => signalName(REAL_TIME_MIN + i)));
  },
  "when": () => words(["now", "today", "yesterday"]),
};

function words(found: Iterable<string>): readonly Choice[] {
  return Array.from(new Set(found), (word) => ({ word, about: "" }));
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** Programs that run, and what they are called as long as there is time to read that. */
class Running {
  readonly #reader: ProcReader;
  readonly #late = performance.now() + PATIENCE_MS;
  readonly #names = new Map<number, string | null>();

  constructor({ procRoot }: Context) {
    this.#reader = openProcfs(procRoot);
  }

  pids(text: string): readonly Choice[] {
    return this.#list(text).map((pid) => ({ word: String(pid), about: this.#name(pid) ?? "" }));
  }

  names(): readonly string[] {
    return this.#list("").map((pid) => this.#name(pid)).filter((name) => name !== null);
  }

  #list(text: string): number[] {
    const pids = this.#reader.pids().filter((pid) => {
      return pid !== process.pid && String(pid).startsWith(text);
    });
    return withoutKernelThreads(this.#reader, pids);
  }

  #name(pid: number): string | null {
    const known = this.#names.get(pid);
    if (known !== undefined) return known;
    const bytes = performance.now() > this.#late ? null : this.#reader.read(pid, "comm");
    const name = bytes === null ? null : new TextDecoder().decode(bytes).trimEnd();
    this.#names.set(pid, name);
    return name;
  }
}

/** Names of what runs, and of what ran lately where there is a history. */
async function findNames(
  context: Context,
  running: Running,
  db: string | undefined,
): Promise<readonly Choice[]> {
  const found = new Map(running.names().map((name) => [name, "runs"]));
  for (const name of await pastNames(context, db)) if (!found.has(name)) found.set(name, "ran");
  return Array.from(found, ([word, about]) => ({ word, about }));
}

async function pastNames(context: Context, db: string | undefined): Promise<readonly string[]> {
  try {
    const breath = new Breath(context.signal);
    const store = openHistory(context, db, { breath, notes: new Notes(), reach: false });
    if (store === null) return [];
    try {
      return await store.recentNames(RECENT);
    } finally {
      store.close();
    }
  } catch {
    // What runs can be offered without it.
    return [];
  }
}

async function findJobs(context: Context, all: boolean, given: Given): Promise<readonly Choice[]> {
  const found = new Map<string, string>();
  const find = async (): Promise<void> => {
    const door = await openJobs(context, given, false);
    for await (const { name, ended, running } of listJobs(door, all)) {
      found.set(String(name), ended === null ? `${running} running` : "ended");
    }
  };
  // The program ends, and with it what is still asked.
  await Promise.race([find(), delay(PATIENCE_MS)]);
  return Array.from(found, ([word, about]) => ({ word, about }));
}
