/**
 * The one place that asks which runtime this is.
 *
 * @module
 */
import process from "node:process";
import type { DenoFfi } from "./deno.ts";
import type { DenoStreams } from "./stdio.ts";

/** What is used of Bun's own namespace. */
export interface BunTuning {
  /** Absent before Bun 1.4. */
  readonly unsafe?: { setJITPolicy?(scale: number): void };
  gc?(force: boolean): void;
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

/** Where the executable keeps the files that are compiled into it. */
const EMBEDDED = "/$bunfs/root/";

/**
 * Where a Worker starts: at a source file or, in the executable, at that file compiled in
 * (`entry`, its path from the root of the project, ends with `.js` there). The executable must
 * not look for the source: `import.meta.url` is where it lay when it was built, and whoever may
 * write there would choose what it runs.
 */
export function workerAddress(source: URL, entry: string): URL | string {
  return process.argv[1]?.startsWith(EMBEDDED) ? EMBEDDED + entry : source;
}

/**
 * Says that the calling thread will run for long. The executable starts with a compiler that
 * hesitates (scripts/build.mjs): for a short command compiling costs more than it gains.
 */
export function compileEagerly(): void {
  if (RUNTIME?.name === "bun") RUNTIME.bun.unsafe?.setJITPolicy?.(1);
}

/**
 * Gives back what the calling thread does not need any more, where a runtime can be asked to: for
 * who has used much at once, and shall not grow by it.
 */
export function collectNow(): void {
  if (RUNTIME?.name === "bun") RUNTIME.bun.gc?.(true);
}
