/**
 * Job files: which processes were in which jobs, one JSON object a line (docs/job-file.md).
 *
 * One JSON object a line, one for each member; other fields are passed over:
 *
 * ```json
 * {"job":1,"name":"build","pid":4711,"id":"7c0a51fe-4711-88123","started":"2026-…Z","ended":null}
 * ```
 *
 * @module
 */
import { LineBuffer } from "../text/line_buffer.ts";
import { parseInstant } from "../text/instant.ts";
import { CommandError, EXIT } from "../fault.ts";
import { shortJson } from "../model/short_json.ts";
import { Breath } from "../steps.ts";
import { readPieces } from "./file.ts";

/** A longer line is none of a job file. */
const LINE_MAX = 1 << 20;
const PID_LIMIT = 0xffffffff;

/** A process in a job. */
export interface Member {
  readonly job: number;
  /** What the job is called; null when it has no name. */
  readonly name: string | null;
  readonly pid: number;
  /** The unique id of the process; null when it has none. */
  readonly id: string | null;
  /** As the file has it; null when it is not known. */
  readonly started: string | null;
  /** Null while it lives, or when it is not known. */
  readonly ended: string | null;
  /** The same in seconds since the epoch. */
  readonly startedS: number | null;
  readonly endedS: number | null;
}

/**
 * All members, in the order of the file; those up to an abort.
 *
 * @throws {CommandError} The file cannot be read, or is no job file.
 */
export async function* readJobFile(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Member, void> {
  const breath = new Breath(signal);
  const lines = new LineBuffer(LINE_MAX);
  let number = 0;
  const take = (line: string | null): Member | null => {
    number++;
    if (line === null) throw bad(path, number, "is longer than 1 MiB");
    const text = line.trim();
    if (text === "") return null;
    const member = parseMember(text);
    if (typeof member === "string") throw bad(path, number, member);
    return member;
  };
  for await (const piece of readPieces(path, "job file", signal)) {
    lines.push(piece);
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      if (breath.due) await breath.turn();
      if (signal.aborted) return;
      const member = take(line);
      if (member !== null) yield member;
    }
  }
  lines.end();
  const rest = signal.aborted ? undefined : lines.next();
  const last = rest === undefined ? null : take(rest);
  if (last !== null) yield last;
}

function bad(path: string, line: number, seen: string): CommandError {
  const what = `Cannot read job file ${path}: line ${line} ${seen}`;
  return new CommandError(EXIT.failed, `${what}; docs/job-file.md says what is in one`);
}

/** The member of a line, or what is wrong with the line. */
export function parseMember(text: string): Member | string {
  const fields = parseObject(text);
  if (fields === null) return "is no JSON object";
  const { job, pid, name = null, id = null, started = null, ended = null } = fields;
  if (!isWhole(job, Number.MAX_SAFE_INTEGER)) return wrong("job", job);
  if (!isWhole(pid, PID_LIMIT) || pid === 0) return wrong("pid", pid);
  if (!isText(name)) return wrong("name", name);
  if (!isText(id)) return wrong("id", id);
  if (!isText(started)) return wrong("started", started);
  if (!isText(ended)) return wrong("ended", ended);
  const startedS = started === null ? null : secondsOf(started);
  if (startedS === undefined) return wrong("started", started);
  const endedS = ended === null ? null : secondsOf(ended);
  if (endedS === undefined) return wrong("ended", ended);
  return { job, name, pid, id, started, ended, startedS, endedS };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : null;
  } catch {
    return null;
  }
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function wrong(field: string, value: unknown): string {
  if (value === undefined) return `has no ${field}`;
  return `has a bad ${field}: ${shortJson(value, 61)}`;
}

function secondsOf(time: string): number | undefined {
  const ms = parseInstant(time);
  return ms === undefined ? undefined : ms / 1000;
}
