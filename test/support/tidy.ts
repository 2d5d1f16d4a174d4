/**
 * The rules of style that are checked; each takes files and returns what is wrong with them.
 *
 * @module
 */
import { posix } from "node:path";
import { blank, blocksOf, importsOf, lineAt } from "./source_text.ts";

/** A file of the project; `path` is relative to its root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Which room may import what. A room or target that ends in a slash is a folder, `node:` is every
 * module of the runtime's, any other target is one file or one package. A room may import itself.
 */
export type Arrows = Readonly<Record<string, readonly string[]>>;

/** Imports that no arrow allows. */
export function checkArrows(files: readonly SourceFile[], arrows: Arrows): string[] {
  const rooms = Object.keys(arrows);
  return files.flatMap(({ path, text }) => {
    const room = roomOf(path, rooms);
    if (room === undefined) return [`${path}: is in no room of the table`];
    const allowed = [room, ...arrows[room]!];
    return importsOf(text)
      .map(({ specifier, line }) => ({ target: resolve(path, specifier), line }))
      .filter(({ target }) => !allowed.some((name) => within(target, name)))
      .map(({ target, line }) => `${path}:${line}: ${room} must not import ${target}`);
  });
}

/** The room of a file: of rooms within each other the inner one. */
function roomOf(path: string, rooms: readonly string[]): string | undefined {
  const around = rooms.filter((name) => within(path, name));
  return around.toSorted((a, b) => b.length - a.length)[0];
}

/** Rooms that import each other, in a circle; types count. */
export function checkCircles(files: readonly SourceFile[], arrows: Arrows): string[] {
  const rooms = Object.keys(arrows);
  const below = new Map(rooms.map((room) => [room, new Set<string>()]));
  for (const { path, text } of files) {
    const room = roomOf(path, rooms)!;
    for (const { specifier } of importsOf(text)) {
      const target = roomOf(resolve(path, specifier), rooms);
      if (target !== undefined && target !== room) below.get(room)!.add(target);
    }
  }
  // Whoever imports nobody that is left is in no circle; who remains is in one, or above one.
  for (let before = -1; before !== below.size;) {
    before = below.size;
    for (const [room, targets] of below) {
      if (![...targets].some((target) => below.has(target))) below.delete(room);
    }
  }
  const lines = [...below].map(([room, targets]) => {
    return `${room} imports ${[...targets].filter((target) => below.has(target)).join(", ")}`;
  });
  return lines.length === 0 ? [] : [lines.join("; ")];
}

/** Rooms in which there is nothing, and arrows that nobody follows. */
export function checkUnused(files: readonly SourceFile[], arrows: Arrows): string[] {
  const rooms = Object.keys(arrows);
  const used = new Map(rooms.map((room) => [room, new Set<string>()]));
  const found = new Set<string>();
  for (const { path, text } of files) {
    const room = roomOf(path, rooms)!;
    found.add(room);
    for (const { specifier } of importsOf(text)) used.get(room)!.add(resolve(path, specifier));
  }
  const isUsed = (room: string, name: string) =>
    [...used.get(room)!].some((target) => within(target, name));
  return rooms.flatMap((room) =>
    found.has(room)
      ? arrows[room]!.filter((name) => !isUsed(room, name)).map((name) =>
        `${room} does not import ${name}`
      )
      : [`${room} is no room`]
  );
}

/** The arrows as ARCHITECTURE.md shows them. */
export function drawArrows(arrows: Arrows): string {
  const rows = Object.entries(arrows).map(([room, targets]) =>
    `| \`${room}\` | ${targets.map((target) => `\`${target}\``).join(", ") || "nothing"} |`
  );
  return ["| room | may import, beside itself |", "|---|---|", ...rows].join("\n");
}

function within(path: string, name: string): boolean {
  return path === name || (/[/:]$/.test(name) && path.startsWith(name));
}

function resolve(path: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
}

/** Files to which no chain of imports leads from `entries`. */
export function checkDead(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = texts.get(path);
    if (text === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importsOf(text)) waiting.push(resolve(path, specifier));
  }
  return files.filter(({ path }) => !reached.has(path))
    .map(({ path }) => `${path}: nothing that runs imports it`);
}

/** The names of the runtimes, comments included: other code must not know where it runs. */
export function checkRuntimeNames(files: readonly SourceFile[]): string[] {
  return find(files, /\b(?:Deno|Bun)\b/g, (text) => text, "names a runtime");
}

/** Default exports, which every importer would call something else. */
export function checkDefaultExports(files: readonly SourceFile[]): string[] {
  return find(files, /\bexport\s+default\b|\bas\s+default\b/g, blank, "exports a default");
}

/** Dynamic imports that the compiled executable could not find. */
export function checkDynamicImports(files: readonly SourceFile[]): string[] {
  const pattern = /\bimport\s*\((?!\s*" *"\s*\))/g;
  return find(files, pattern, blank, "imports what is not a literal");
}

/** Writing past the output that a command is given. */
export function checkConsole(files: readonly SourceFile[]): string[] {
  return find(files, /\bconsole\s*\./g, blank, "writes to the console");
}

/** Notes to oneself. */
export function checkLeftovers(files: readonly SourceFile[]): string[] {
  const words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|");
  return find(files, new RegExp(`\\b(?:${words})\\b`, "g"), (text) => text, "is not finished");
}

function find(
  files: readonly SourceFile[],
  pattern: RegExp,
  view: (text: string) => string,
  what: string,
): string[] {
  return files.flatMap(({ path, text }) =>
    Array.from(
      view(text).matchAll(pattern),
      ({ index }) => `${path}:${lineAt(text, index)}: ${what}`,
    )
  );
}

/** Exported declarations without a doc comment. */
export function checkDocs(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return blank(text).split("\n").flatMap((code, at) => {
      const name = code.match(/^export (?!\*|(?:type )?\{)[^=({:<]*/)?.[0].trim();
      if (name === undefined || lines[at - 1]?.trimEnd().endsWith("*/")) return [];
      return [`${path}:${at + 1}: no doc comment for "${name}"`];
    });
  });
}

/** Lines longer than `limit` characters, those with an address in them excepted. */
export function checkLineLengths(files: readonly SourceFile[], limit: number): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => {
      const length = Array.from(line).length;
      if (length <= limit || line.includes("https://")) return [];
      return [`${path}:${at + 1}: ${length} characters`];
    })
  );
}

/** Files of more than `limit` lines. */
export function checkFileLengths(files: readonly SourceFile[], limit: number): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

/** Functions of more than `limit` lines; a `describe()` is a heading, not a function. */
export function checkFunctionLengths(files: readonly SourceFile[], limit: number): string[] {
  return files.flatMap(({ path, text }) =>
    blocksOf(text)
      .filter(({ header }) => isFunction(header))
      .map(({ firstLine, lastLine }) => ({ firstLine, lines: lastLine - firstLine + 1 }))
      .filter(({ lines }) => lines > limit)
      .map(({ firstLine, lines }) => `${path}:${firstLine}: function of ${lines} lines`)
  );
}

/**
 * What stands before a function's brace: an arrow, a parameter list with or without a return
 * type, or the rest of a return type that itself has braces.
 */
function isFunction(header: string): boolean {
  if (/\b(?:class|interface)\s|\bdescribe\(/.test(header)) return false;
  return /=>$|\)\s*(?::[^=]*)?$|^[>\s]*$/.test(header);
}
