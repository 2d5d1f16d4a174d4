/**
 * What local clocks show, as libc has it: TZ in all its forms, and the time zones of this host.
 *
 * @module
 */
import process from "node:process";
import { type BunFfi, loadWithBun } from "./bun.ts";
import { loadWithDeno } from "./deno.ts";
import { libcNames, type Native, TIME_SYMBOLS } from "./native.ts";
import { RUNTIME } from "./runtime.ts";

/** struct tm of 64-bit Linux, glibc and musl: nine ints, a long, a pointer. */
const TM_BYTES = 56;
const TM_YEAR_ZERO = 1900;

type TimeSymbol = keyof typeof TIME_SYMBOLS;
type Call = (time: DataView, into: DataView) => unknown;

/**
 * What local clocks show at a time in seconds since the epoch, as the milliseconds that UTC would
 * make of it; null where libc has no year for it.
 */
export type LocalClock = (seconds: number) => number | null;

/** Loads what is needed of libc, at once; throws when no library loads or there is no FFI. */
export function openLocalClock(): LocalClock {
  const native = loadTime();
  const localtime = native.symbols.localtime_r as unknown as Call;
  const time = new DataView(new ArrayBuffer(8));
  const tm = new DataView(new ArrayBuffer(TM_BYTES));
  const field = (index: number) => tm.getInt32(index * 4, true);
  return (seconds) => {
    time.setBigInt64(0, BigInt(seconds), true);
    const answer = localtime(time, tm);
    if (answer === null || answer === 0) return null;
    const wall = new Date(0);
    wall.setUTCFullYear(field(5) + TM_YEAR_ZERO, field(4), field(3));
    return wall.setUTCHours(field(2), field(1), field(0));
  };
}

function loadTime(): Native<TimeSymbol> {
  const names = libcNames(process.arch);
  if (RUNTIME?.name === "bun") {
    // An import would be waited for.
    const ffi = (process.getBuiltinModule as (name: string) => unknown)("bun:ffi") as BunFfi;
    return loadWithBun<TimeSymbol>(ffi, names, TIME_SYMBOLS);
  }
  if (RUNTIME !== null) return loadWithDeno<TimeSymbol>(RUNTIME.deno, names, TIME_SYMBOLS);
  throw new Error("Cannot call libc: this runtime is neither Bun nor Deno");
}
