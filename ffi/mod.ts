/**
 * Opens libc on the runtime at hand.
 *
 * @module
 */
import process from "node:process";
import { type BunFfi, loadWithBun } from "./bun.ts";
import { loadWithDeno } from "./deno.ts";
import type { Libc } from "./libc.ts";
import { createLibc } from "./calls.ts";
import { libcNames } from "./native.ts";
import { RUNTIME } from "./runtime.ts";

/** Loads libc for the calling thread; throws when no library loads or the runtime has no FFI. */
export async function openLibc(): Promise<Libc> {
  const names = libcNames(process.arch);
  if (RUNTIME?.name === "bun") {
    // The module has types of its own in Bun only; BunFfi declares what is used of it.
    const ffi = await import("bun:ffi") as unknown as BunFfi;
    return createLibc(loadWithBun(ffi, names), process.arch);
  }
  if (RUNTIME !== null) return createLibc(loadWithDeno(RUNTIME.deno, names), process.arch);
  throw new Error("Cannot call libc: this runtime is neither Bun nor Deno");
}
