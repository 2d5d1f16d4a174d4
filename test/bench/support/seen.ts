/**
 * What a tool printed, line by line, in one form for all tools.
 *
 * @module
 */
import { constants } from "node:os";

/** One thing a tool says happened. */
export interface Seen {
  readonly kind: "fork" | "exec" | "exit" | "gap";
  readonly pid: number;
  /** Null when the tool does not say. */
  readonly ppid: number | null;
  /** Words of the command with spaces between; null when the tool does not know. */
  readonly argv: string | null;
  /** Wait status; null when the tool does not say. */
  readonly status: number | null;
  /** Gap: how many. */
  readonly lost: number;
  /** Gap: `overflow` or `missed`. */
  readonly reason: string;
}

/** Reads one line of a tool; null when the line tells nothing that is compared. */
export type LineParser = (line: string) => Seen | null;

const NOTHING: Seen = {
  kind: "gap",
  pid: 0,
  ppid: null,
  argv: null,
  status: null,
  lost: 0,
  reason: "",
};

/** Lines of `fh watch --json`. */
export function parseFh(line: string): Seen | null {
  const record = jsonObject(line);
  if (record === null) return null;
  const { event, pid, ppid, argv, exit_code: code, signal, core, lost, reason } = record;
  if (event === "gap") return { ...NOTHING, lost: Number(lost), reason: String(reason) };
  if (event !== "fork" && event !== "exec" && event !== "exit") return null;
  return {
    ...NOTHING,
    kind: event,
    pid: Number(pid),
    ppid: typeof ppid === "number" ? ppid : null,
    argv: Array.isArray(argv) ? argv.join(" ") : null,
    status: waitStatus(code, signal, core === true),
  };
}

function jsonObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function waitStatus(code: unknown, signal: unknown, core: boolean): number | null {
  if (typeof code === "number") return code << 8;
  if (typeof signal !== "string") return null;
  const signals: Readonly<Record<string, number>> = constants.signals;
  return (signals[signal] ?? 0) | (core ? 0x80 : 0);
}

/** Lines of forkstat: a fork is two lines, the parent's first; a parent it cannot look up is 0. */
export function forkstatParser(): LineParser {
  let parent: number | null = null;
  return (line) => {
    const match = /^\S+ (fork|exec|exit) +(\d+) +(.*)$/.exec(line);
    if (match === null) return null;
    const [, kind, pid, rest = ""] = match;
    if (kind === "fork") {
      if (rest.startsWith("parent")) parent = Number(pid) || null;
      else return { ...NOTHING, kind, pid: Number(pid), ppid: parent };
      return null;
    }
    if (kind === "exec") return { ...NOTHING, kind, pid: Number(pid), argv: rest.trim() };
    return { ...NOTHING, kind: "exit", pid: Number(pid), status: Number.parseInt(rest, 10) };
  };
}

/** Lines of extrace, execs only. */
export function parseExtrace(line: string): Seen | null {
  const match = /^ *(\d+)\+? (.*)$/.exec(line);
  if (match === null) return null;
  return { ...NOTHING, kind: "exec", pid: Number(match[1]), argv: match[2] ?? null };
}

/** Lines of libbpf-tools' execsnoop: PCOMM (16) PID PPID RET ARGS. */
export function parseExecsnoop(line: string): Seen | null {
  const match = /^.{16} (\d+) +(\d+) +(-?\d+) (.*)$/.exec(line);
  if (match === null) return parseBpfLoss(line);
  const [pid, ppid] = [Number(match[1]), Number(match[2])];
  return { ...NOTHING, kind: "exec", pid, ppid, argv: (match[4] ?? "").trimEnd() };
}

/** Lines of libbpf-tools' exitsnoop: PCOMM (16) PID PPID TID AGE EXIT_CODE. */
export function parseExitsnoop(line: string): Seen | null {
  const match = /^.{16} (\d+) +(\d+) +(\d+) +[\d.]+ +(code |signal )?(\d+)( .*)?$/.exec(line);
  if (match === null) return parseBpfLoss(line);
  const value = Number(match[5]);
  const status = match[4] === "signal " ? value | (/core/.test(line) ? 0x80 : 0) : value << 8;
  return { ...NOTHING, kind: "exit", pid: Number(match[1]), ppid: Number(match[2]), status };
}

/** What libbpf-tools print on standard error when their perf buffer overflowed. */
function parseBpfLoss(line: string): Seen | null {
  const match = /^lost (\d+) events on CPU/i.exec(line);
  return match === null ? null : { ...NOTHING, lost: Number(match[1]), reason: "overflow" };
}
