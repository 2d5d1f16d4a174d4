/**
 * Exit statuses, signals and durations in words that fit a column.
 *
 * @module
 */
import { GAP_REASON } from "../model/event.ts";
import type { ExitStatus } from "../model/process.ts";

/** Signals 1 to 31 of x86, arm and riscv (include/uapi/asm-generic/signal.h). */
const SIGNALS: readonly string[] =
  ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
    "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");
/** The first real-time signal that C libraries leave to programs. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Name of a signal, such as `SIGKILL` or `SIGRTMIN+2`; `SIG32` where it has none. */
export function signalName(signal: number): string {
  const name = SIGNALS[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  if (signal === SIGRTMIN) return "SIGRTMIN";
  if (signal > SIGRTMIN && signal <= SIGRTMAX) return `SIGRTMIN+${signal - SIGRTMIN}`;
  return `SIG${signal}`;
}

/** The number of a signal that {@linkcode signalName} has named; null for another text. */
export function signalNumber(name: string): number | null {
  const known = SIGNALS.indexOf(name.slice(3));
  if (known >= 0 && name.startsWith("SIG")) return known + 1;
  const [, plus, digits] = /^SIG(RTMIN\+)?(\d+)$/.exec(name) ?? [];
  if (digits === undefined) return name === "SIGRTMIN" ? SIGRTMIN : null;
  return Number(digits) + (plus === undefined ? 0 : SIGRTMIN);
}

/** `exit 2`, `SIGKILL`, `SIGSEGV (core)`; `exit ?` when it is not known. */
export function exitWords(status: ExitStatus): string {
  if (status.signal !== null) {
    return status.core ? `${signalName(status.signal)} (core)` : signalName(status.signal);
  }
  return `exit ${status.code ?? "?"}`;
}

/**
 * A duration in at most six characters: `850us`, `1.2ms`, `120ms`, `1.25s`, `12.5s`, `3m04s`,
 * `2h05m`, `3d04h`, `120d`. Digits that do not fit are cut off, not rounded.
 */
export function durationWords(ns: number): string {
  const us = Math.floor(ns / 1e3);
  if (us < 1000) return `${us}us`;
  const ms = Math.floor(us / 1000);
  if (ms < 10) return `${cutOff(us / 1000, 1)}ms`;
  if (ms < 1000) return `${ms}ms`;
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${cutOff(ms / 1000, s < 10 ? 2 : 1)}s`;
  const m = Math.floor(s / 60);
  if (m < 60) return pair(m, "m", s % 60, "s");
  const h = Math.floor(m / 60);
  if (h < 24) return pair(h, "h", m % 60, "m");
  const d = Math.floor(h / 24);
  return d < 100 ? pair(d, "d", h % 24, "h") : `${d}d`;
}

/** Bytes in at most four digits: `812 B`, `64 KiB`, `1.5 GiB`. */
export function sizeWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

function cutOff(value: number, digits: number): string {
  const scale = 10 ** digits;
  return (Math.floor(value * scale + 1e-6) / scale).toFixed(digits);
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return `${large}${unit}${String(small).padStart(2, "0")}${smallUnit}`;
}

/** What is missing: events of the kernel, or tasks (a process or a thread) that no look caught. */
export function lossNoun(count: number, reason: number): string {
  const noun = reason === GAP_REASON.missed ? "task" : "event";
  return count === 1 ? noun : `${noun}s`;
}

/** Where accounts come from, in words; those of an older recorder can be either. */
const ACCOUNT_WORDS: Readonly<Record<string, string>> = {
  taskstats: "taskstats",
  zombie: "/proc of zombies",
  unknown: "taskstats or /proc of zombies",
};

/** Names of account sources, with commas between them, in words. */
export function accountWords(names: string): string {
  return names.split(", ").map((name) => ACCOUNT_WORDS[name] ?? name).join(", ");
}
