/**
 * The adapter for Deno: its namespace is an argument, so that any runtime can test this file.
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

/** The part of Deno's namespace that is used. */
export interface DenoFfi {
  dlopen(
    name: string,
    symbols: Record<string, { parameters: readonly string[]; result: string }>,
  ): { symbols: Record<string, (...args: never[]) => unknown>; close(): void };
  UnsafePointer: { of(buffer: ArrayBuffer): unknown; value(pointer: unknown): bigint };
  UnsafePointerView: new (pointer: unknown) => { getInt32(): number };
}

const DENO_TYPES: Record<CType | "pointer", string> = {
  i32: "i32",
  u32: "u32",
  i64: "i64",
  usize: "usize",
  buffer: "buffer",
  pointer: "pointer",
};

/** What an adapter loads of the library: a table such as SYMBOLS, which has errno's address. */
type Table<Name extends string> = Readonly<Record<Name | "__errno_location", CFunction>>;

/** Loads the first of `names` through Deno, and of it the functions of `table`. */
export function loadWithDeno<Name extends string = SymbolName>(
  deno: DenoFfi,
  names: readonly string[],
  table: Table<Name> = SYMBOLS as unknown as Table<Name>,
): Native<Name> {
  const symbols = Object.fromEntries(
    Object.entries<CFunction>(table).map(([name, { args, returns }]) => [name, {
      parameters: args.map((type) => DENO_TYPES[type]),
      result: DENO_TYPES[returns],
    }]),
  );
  const library = loadFirst(names, (name) => deno.dlopen(name, symbols));
  const calls = library.symbols as Native<Name | "__errno_location">["symbols"];
  // errno's address belongs to the thread, and a Worker never changes its thread.
  const errnoAt = new deno.UnsafePointerView((calls["__errno_location"] as () => unknown)());
  return {
    symbols: calls,
    errno: () => errnoAt.getInt32(),
    address: (buffer) => deno.UnsafePointer.value(deno.UnsafePointer.of(buffer)),
    close: () => library.close(),
  };
}
