/**
 * The one place that asks which runtime this is.
 *
 * @module
 */
import type { DenoFfi } from "./deno.ts";
import type { DenoStreams } from "./stdio.ts";

/** What is used of Bun's own namespace. */
export interface BunTuning {
  /** Absent before Bun 1.4. */
  readonly unsafe?: { setJITPolicy?(scale: number): void };
}

/** The runtime at hand; null when it is neither. */
export type Runtime =
  | { readonly name: "bun"; readonly bun: BunTuning }
  | { readonly name: "deno"; readonly deno: DenoFfi & DenoStreams };

function detect(): Runtime | null {
  const { Bun, Deno } = globalThis as unknown as {
    Bun?: BunTuning;
    Deno?: DenoFfi & DenoStreams;
  };
  if (Bun !== undefined) return { name: "bun", bun: Bun };
  return Deno === undefined ? null : { name: "deno", deno: Deno };
}

/** Asked once, when the program starts. */
export const RUNTIME: Runtime | null = detect();

/**
 * Says that the calling thread will run for long. The executable starts with a compiler that
 * hesitates (scripts/build.mjs): for a short command compiling costs more than it gains.
 */
export function compileEagerly(): void {
  if (RUNTIME?.name === "bun") RUNTIME.bun.unsafe?.setJITPolicy?.(1);
}
