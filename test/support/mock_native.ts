/**
 * Fake runtimes: what `bun:ffi` and Deno's namespace look like to the adapters, with C functions
 * written in TypeScript behind them.
 *
 * @module
 */
import type { BunFfi } from "../../ffi/bun.ts";
import type { DenoFfi } from "../../ffi/deno.ts";

/** A C function: gets the arguments as passed, gives the result. */
export type FakeFunction = (...args: unknown[]) => number | bigint;

/** What happened to a fake library. */
export interface Journal {
  /** Names tried in order. */
  readonly opened: string[];
  /** The symbol table as the runtime got it. */
  table: Record<string, unknown>;
  closed: number;
  errno: number;
}

function newJournal(): Journal {
  return { opened: [], table: {}, closed: 0, errno: 0 };
}

function symbols(
  table: Record<string, unknown>,
  functions: Readonly<Record<string, FakeFunction>>,
): Record<string, FakeFunction> {
  return Object.fromEntries(
    Object.keys(table).map((name) => [name, functions[name] ?? (() => 0)]),
  );
}

/** `bun:ffi` with one library that loads under `name` only. */
export function fakeBun(
  name: string,
  functions: Readonly<Record<string, FakeFunction>>,
): { ffi: BunFfi; journal: Journal } {
  const journal = newJournal();
  const ffi: BunFfi = {
    dlopen(asked, table) {
      journal.opened.push(asked);
      if (asked !== name) throw new Error(`no ${asked}`);
      journal.table = table;
      return {
        symbols: symbols(table, functions) as never,
        close: () => journal.closed++,
      };
    },
    ptr: () => 0x1000,
    read: { i32: () => journal.errno },
  };
  return { ffi, journal };
}

/** Deno's namespace with one library that loads under `name` only. */
export function fakeDeno(
  name: string,
  functions: Readonly<Record<string, FakeFunction>>,
): { ffi: DenoFfi; journal: Journal } {
  const journal = newJournal();
  const ffi: DenoFfi = {
    dlopen(asked, table) {
      journal.opened.push(asked);
      if (asked !== name) throw new Error(`no ${asked}`);
      journal.table = table;
      return {
        symbols: symbols(table, functions) as never,
        close: () => journal.closed++,
      };
    },
    UnsafePointer: { of: (buffer) => buffer, value: () => 0x1000n },
    UnsafePointerView: class {
      getInt32(): number {
        return journal.errno;
      }
    },
  };
  return { ffi, journal };
}
