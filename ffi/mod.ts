/**
 * Opens libc on the runtime at hand: the one place that asks which runtime this is.
 *
 * @module
 */
import process from "node:process";
import { type BunFfi, loadWithBun } from "./bun.ts";
import { type DenoFfi, loadWithDeno } from "./deno.ts";
import type { Libc } from "./libc.ts";
import { createLibc } from "./calls.ts";
import { libcNames } from "./native.ts";

/** Loads libc for the calling thread; throws when no library loads or the runtime has no FFI. */
export async function openLibc(): Promise<Libc> {
  const names = libcNames(process.arch);
  const { Bun, Deno } = globalThis as unknown as { Bun?: unknown; Deno?: DenoFfi };
  if (Bun !== undefined) {
    // The module has types of its own in Bun only; BunFfi declares what is used of it.
    const ffi = await import("bun:ffi") as unknown as BunFfi;
    return createLibc(loadWithBun(ffi, names), process.arch);
  }
  if (Deno !== undefined) return createLibc(loadWithDeno(Deno, names), process.arch);
  throw new Error("Cannot call libc: this runtime is neither Bun nor Deno");
}
