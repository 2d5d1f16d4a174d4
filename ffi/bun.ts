/**
 * The adapter for Bun: `bun:ffi` is an argument, so that any runtime can test this file.
 *
 * @module
 */
import {
  type CFunction,
  type CType,
  loadFirst,
  type Native,
  type SymbolName,
  SYMBOLS,
} from "./native.ts";

/** The part of `bun:ffi` that is used. */
export interface BunFfi {
  dlopen(
    name: string,
    symbols: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: Record<string, (...args: never[]) => number>; close(): void };
  ptr(buffer: ArrayBuffer): number;
  read: { i32(pointer: number, offset: number): number };
}

const BUN_TYPES: Record<CType | "pointer", string> = {
  i32: "i32",
  u32: "u32",
  i64: "i64_fast",
  usize: "u64_fast",
  buffer: "ptr",
  pointer: "ptr",
};

/** What an adapter loads of the library: a table such as SYMBOLS, which has errno's address. */
type Table<Name extends string> = Readonly<Record<Name | "__errno_location", CFunction>>;

/** Loads the first of `names` through Bun, and of it the functions of `table`. */
export function loadWithBun<Name extends string = SymbolName>(
  ffi: BunFfi,
  names: readonly string[],
  table: Table<Name> = SYMBOLS as unknown as Table<Name>,
): Native<Name> {
  const symbols = Object.fromEntries(
    Object.entries<CFunction>(table).map(([name, { args, returns }]) => [name, {
      args: args.map((type) => BUN_TYPES[type]),
      returns: BUN_TYPES[returns],
    }]),
  );
  const library = loadFirst(names, (name) => ffi.dlopen(name, symbols));
  const calls = library.symbols as Native<Name | "__errno_location">["symbols"];
  // errno's address belongs to the thread, and a Worker never changes its thread.
  const errnoAt = (calls["__errno_location"] as () => number)();
  return {
    symbols: calls,
    errno: () => ffi.read.i32(errnoAt, 0),
    address: (buffer) => ffi.ptr(buffer),
    close: () => library.close(),
  };
}
