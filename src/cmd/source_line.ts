/**
 * What a command says of the source that it watches through.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import type { GlobalOptions } from "../cli/globals.ts";
import { tell } from "../cli/tell.ts";
import type { SourceInfo } from "../source/capture.ts";

/** Says which source it is and why, where it sees less than there is, or more is to be told. */
export function tellSource(
  context: Pick<Context, "stderr">,
  { source, why, isLimited = source === "poll" }: SourceInfo,
  { quiet, verbose }: Partial<Pick<GlobalOptions, "quiet" | "verbose">>,
): void {
  if (isLimited || verbose) tell(context, `source ${source}: ${why}`, quiet);
}
