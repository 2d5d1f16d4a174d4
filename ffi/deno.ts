/**
 * The adapter for Deno: its namespace is an argument, so that any runtime can test this file.
 *
 * @module
 */
import { type CType, loadFirst, type Native, SYMBOLS } from "./native.ts";

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

/** Loads the first of `names` through Deno. */
export function loadWithDeno(deno: DenoFfi, names: readonly string[]): Native {
  const symbols = Object.fromEntries(
    Object.entries(SYMBOLS).map(([name, { args, returns }]) => [name, {
      parameters: args.map((type) => DENO_TYPES[type]),
      result: DENO_TYPES[returns],
    }]),
  );
  const library = loadFirst(names, (name) => deno.dlopen(name, symbols));
  const calls = library.symbols as Native["symbols"];
  // errno's address belongs to the thread, and a Worker never changes its thread.
  const errnoAt = new deno.UnsafePointerView((calls.__errno_location as () => unknown)());
  return {
    symbols: calls,
    errno: () => errnoAt.getInt32(),
    address: (buffer) => deno.UnsafePointer.value(deno.UnsafePointer.of(buffer)),
    close: () => library.close(),
  };
}
