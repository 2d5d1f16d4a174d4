/**
 * The one place that asks which runtime this is.
 *
 * @module
 */
import type { DenoFfi } from "./deno.ts";
import type { DenoStreams } from "./stdio.ts";

/** The runtime at hand; null when it is neither. */
export type Runtime =
  | { readonly name: "bun" }
  | { readonly name: "deno"; readonly deno: DenoFfi & DenoStreams };

function detect(): Runtime | null {
  const { Bun, Deno } = globalThis as unknown as {
    Bun?: unknown;
    Deno?: DenoFfi & DenoStreams;
  };
  if (Bun !== undefined) return { name: "bun" };
  return Deno === undefined ? null : { name: "deno", deno: Deno };
}

/** Asked once, when the program starts. */
export const RUNTIME: Runtime | null = detect();
