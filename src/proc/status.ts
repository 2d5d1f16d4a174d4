/**
 * /proc/PID/status, proc_pid_status(5); fs/proc/array.c proc_pid_status().
 *
 * The kernel escapes newline and backslash in the name, so a line never starts with text that
 * the process chose.
 *
 * @module
 */
import { decimalAt, lineKey, valueAfter } from "./scan.ts";

const NEWLINE = 10;
const TAB = 9;
const BACKSLASH = 92;
const LETTER_N = 110;

const KEY = {
  tgid: lineKey("Tgid:\t"),
  pid: lineKey("Pid:\t"),
  ppid: lineKey("PPid:\t"),
  tracerPid: lineKey("TracerPid:\t"),
  uid: lineKey("Uid:\t"),
  gid: lineKey("Gid:\t"),
  nsPid: lineKey("NSpid:\t"),
  threads: lineKey("Threads:\t"),
  capEff: lineKey("CapEff:\t"),
  noNewPrivs: lineKey("NoNewPrivs:\t"),
} as const;
const NAME = lineKey("Name:\t").subarray(1);
const latin1 = new TextDecoder("latin1");

/** The four user or group ids of a task, in the reader's user namespace. */
export interface Ids {
  real: number;
  effective: number;
  saved: number;
  fs: number;
}

/** What is used of /proc/PID/status. */
export interface Status {
  /** comm, raw bytes: the same as in /proc/PID/stat. */
  name: Uint8Array;
  tgid: number;
  pid: number;
  ppid: number;
  /** 0 when nobody traces it. */
  tracerPid: number;
  uid: Ids;
  gid: Ids;
  /** Its pid in each pid namespace, the reader's first; empty before Linux 4.1. */
  nsPid: number[];
  threads: number;
  /** Effective capabilities as a bit set. */
  capEff: bigint;
  /** null before Linux 4.10. */
  noNewPrivs: boolean | null;
}

/** Text of the line with `key`; null when it is absent or cut. */
function lineText(bytes: Uint8Array, key: Uint8Array): string | null {
  const at = valueAfter(bytes, bytes.length, key);
  if (at < 0) return null;
  const end = bytes.indexOf(NEWLINE, at);
  return end < 0 ? null : latin1.decode(bytes.subarray(at, end));
}

function parseDecimals(text: string | null): number[] | null {
  if (text === null || !/^\d+(\t\d+)*$/.test(text)) return null;
  return text.split("\t").map(Number);
}

function parseIds(text: string | null): Ids | null {
  const numbers = parseDecimals(text);
  if (numbers === null || numbers.length !== 4) return null;
  const [real, effective, saved, fs] = numbers as [number, number, number, number];
  return { real, effective, saved, fs };
}

/** Undoes seq_escape_str(): `\n` is a newline, `\\` a backslash. */
function unescapeName(escaped: Uint8Array): Uint8Array {
  const name = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at++) {
    let byte = escaped[at]!;
    const next = escaped[at + 1];
    if (byte === BACKSLASH && (next === LETTER_N || next === BACKSLASH)) {
      byte = next === LETTER_N ? NEWLINE : BACKSLASH;
      at++;
    }
    name[length++] = byte;
  }
  return name.slice(0, length);
}

function parseName(bytes: Uint8Array): Uint8Array | null {
  for (let i = 0; i < NAME.length; i++) if (bytes[i] !== NAME[i]) return null;
  const end = bytes.indexOf(NEWLINE);
  return end < 0 ? null : unescapeName(bytes.subarray(NAME.length, end));
}

/** Parses the whole file; null when a line that every kernel has is absent or malformed. */
export function parseStatus(bytes: Uint8Array): Status | null {
  const number = (key: Uint8Array) => numberOf(bytes, bytes.length, key, NEWLINE);
  const name = parseName(bytes);
  const [tgid, pid, ppid] = [number(KEY.tgid), number(KEY.pid), number(KEY.ppid)];
  const [tracerPid, threads] = [number(KEY.tracerPid), number(KEY.threads)];
  const uid = parseIds(lineText(bytes, KEY.uid));
  const gid = parseIds(lineText(bytes, KEY.gid));
  const capEff = lineText(bytes, KEY.capEff);
  if (name === null || uid === null || gid === null) return null;
  if (Math.min(tgid, pid, ppid, tracerPid, threads) < 0) return null;
  if (capEff === null || !/^[0-9a-f]{1,16}$/.test(capEff)) return null;
  const noNewPrivs = number(KEY.noNewPrivs);
  return {
    name,
    tgid,
    pid,
    ppid,
    tracerPid,
    uid,
    gid,
    nsPid: parseDecimals(lineText(bytes, KEY.nsPid)) ?? [],
    threads,
    capEff: BigInt(`0x${capEff}`),
    noNewPrivs: noNewPrivs < 0 ? null : noNewPrivs === 1,
  };
}

function numberOf(bytes: Uint8Array, length: number, key: Uint8Array, end: number): number {
  const at = valueAfter(bytes, length, key);
  return at < 0 ? -1 : decimalAt(bytes, at, length, end);
}

/** The real uid; -1 when the first `length` bytes do not have it. */
export function realUidOf(bytes: Uint8Array, length: number): number {
  return numberOf(bytes, length, KEY.uid, TAB);
}

/** The process that the task belongs to; -1 when the first `length` bytes do not have it. */
export function tgidOf(bytes: Uint8Array, length: number): number {
  return numberOf(bytes, length, KEY.tgid, NEWLINE);
}
