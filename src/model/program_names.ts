/**
 * What people call a program: the name that the kernel keeps is cut, and that of a script is its
 * interpreter's.
 *
 * @module
 */
import { decodeText, type Image } from "./image.ts";

/** Bytes of a name that the kernel keeps: TASK_COMM_LEN, its NUL not counted (linux/sched.h). */
export const COMM_BYTES = 15;

/** Programs whose first operand is the program that people mean. */
const INTERPRETERS = new RegExp(
  "^(?:python|pypy|perl|ruby|node|nodejs|bun|deno|php|lua|tclsh|Rscript|" +
    "(?:ba|da|z|k|c|tc|fi)?sh)[\\d.]*$",
);

/** Names of an image, the kernel's first: of its file, of its first word, of its script. */
export function namesOf(image: Image): string[] {
  const { comm, program } = image;
  const names = new Set<string>();
  if (comm !== null) names.add(comm);
  if (program !== null) names.add(baseOf(program));
  const { called, script } = calledOf(image);
  if (called !== "") names.add(called);
  if (script !== null) names.add(baseOf(script));
  return [...names];
}

/** What people call it: its script, else the name that the kernel keeps, whole where it is cut. */
export function nameOf(image: Image): string | null {
  const { comm } = image;
  const { script } = calledOf(image);
  if (script !== null) return baseOf(script);
  if (comm === null) return namesOf(image)[0] ?? null;
  return namesOf(image).find((name) => name !== comm && cutName(name) === comm) ?? comm;
}

/**
 * The program that it is, so that all that is the same program has one name: the path of its
 * script, or of its executable; null where that is not known. A long one is cut, with a hash of it.
 */
export function programOf(image: Image): string | null {
  const { program } = image;
  const script = plainScript(image);
  const path = script === null ? program : pathOf(script, image.cwd);
  return path === null || path === "" ? null : shortened(path);
}

/** Options before a script that take no argument, in the interpreters that are known. */
const PLAIN_OPTION = /^-[uexvbBEsS]+$/;
/** Interpreters that have commands of their own: what comes after this one is a script. */
const RUNS: ReadonlySet<string> = new Set(["bun", "deno"]);

/**
 * The script of an interpreter, where that is beyond doubt: who chooses the words of a command line
 * must not choose what program it is, and code in one of them is no program.
 */
function plainScript({ program, parts: { argv } }: Image): string | null {
  const name = program === null ? "" : baseOf(program);
  if (argv === null || !INTERPRETERS.test(name)) return null;
  const [, ...words] = firstWords(argv);
  while (PLAIN_OPTION.test(words[0] ?? "")) words.shift();
  if (RUNS.has(name) && words[0] === "run") words.shift();
  const [word = ""] = words;
  const isPath = !RUNS.has(name) || /[./]/.test(word);
  if (word.startsWith("-") || !isPath || NAMELESS.test(word) || baseOf(word) === "") return null;
  return word;
}

/** Characters of a program's path that are told apart one by one. */
const PATH_MAX = 256;

function shortened(path: string): string {
  if (path.length <= PATH_MAX) return path;
  let hash = 0x811c9dc5;
  for (let at = 0; at < path.length; at++) {
    hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  }
  return `${path.slice(0, PATH_MAX)}… ${path.length} ${hash >>> 0}`;
}

/** A path as a process wrote it that was in a folder; as it stands where that is not known. */
function pathOf(path: string, cwd: string | null): string {
  if (path.startsWith("/") || cwd === null) return path;
  const parts: string[] = [];
  for (const part of `${cwd}/${path}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** What its first word calls it, and the script that it runs, as it was written. */
function calledOf({ parts: { argv } }: Image): { called: string; script: string | null } {
  if (argv === null) return { called: "", script: null };
  const [first = "", ...rest] = firstWords(argv);
  // A login shell has a dash in front of its name.
  const called = baseOf(first).replace(/^-/, "");
  return { called, script: INTERPRETERS.test(called) ? scriptOf(rest) : null };
}

/** A name as the kernel keeps it. */
export function cutName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= COMM_BYTES ? name : decodeText(bytes.subarray(0, COMM_BYTES));
}

/** Words that are looked at: a script stands behind few options. */
const WORDS = 8;

function firstWords(argv: Uint8Array): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length && words.length < WORDS;) {
    const end = argv.indexOf(0, at);
    words.push(decodeText(argv.subarray(at, end < 0 ? undefined : end)));
    if (end < 0) break;
    at = end + 1;
  }
  return words;
}

/** A script that is read from a descriptor has no name. */
const NAMELESS = /^\/(?:dev|proc)\//;

/** The script of an interpreter's arguments; null where it runs what stands in one of them. */
function scriptOf(words: readonly string[]): string | null {
  for (const word of words) {
    if (/^-[a-zA-Z]*[ce]$/.test(word)) return null;
    if (word.startsWith("-")) continue;
    return NAMELESS.test(word) || baseOf(word) === "" ? null : word;
  }
  return null;
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
