/**
 * Options of all that captures what happens on this host.
 *
 * @module
 */
import { parsePeriod, parseSize, quoted } from "../ask/text/values.ts";
import type { Context } from "../cli/command.ts";
import { type GlobalOptions, liveSource } from "../cli/globals.ts";
import { opt, type OptionsOf, unless } from "../cli/option.ts";
import { UsageError } from "../fault.ts";
import type { CaptureOptions } from "../source/capture.ts";

/** A page: less would not tell programs apart. */
const ARGV_MIN = 4096;
/** More than exec allows: 3/4 of _STK_LIM (fs/exec.c, bprm_stack_limits()). */
const ARGV_MAX = 8 << 20;

/** How to capture. */
export const CAPTURE_OPTIONS = [
  opt(
    "--max-argv <size>",
    parseMaxArgv,
    "keep so much of a command line, and count the rest (default: 64K)",
  ),
  opt("--interval <time>", parsePeriod, "shortest poll period (default: adapts, 1ms to 10ms)"),
  unless("--no-realtime", "capture without real-time scheduling"),
] as const;

/** What {@linkcode CAPTURE_OPTIONS} give. */
export type CaptureSettings = Pick<GlobalOptions, "source"> & OptionsOf<typeof CAPTURE_OPTIONS>;

/** What the capture thread is asked for; nothing of the environment. */
export function captureOptions(context: Context, settings: CaptureSettings): CaptureOptions {
  return {
    source: liveSource(settings.source),
    procRoot: context.procRoot,
    env: [],
    intervalNs: settings.interval ?? null,
    realtime: settings.realtime,
    maxArgv: settings.maxArgv,
  };
}

function parseMaxArgv(text: string): number {
  const bytes = parseSize(text);
  if (bytes >= ARGV_MIN && bytes <= ARGV_MAX) return bytes;
  throw new UsageError(`Bad size: ${quoted(text)}; give 4K to 8M`);
}
