/**
 * Past events as lines for people.
 *
 * @module
 */
import { type Context, useColor, widthOf } from "../../cli/command.ts";
import { localOffset } from "../../host/local_time.ts";
import type { Users } from "../../proc/passwd.ts";
import { EventLines } from "../../view/line.ts";

/**
 * What writes events of so many kinds on this terminal, or for whatever standard output is; of each
 * line so many cells are `taken`.
 */
export function logLines(
  { stdout, env }: Pick<Context, "stdout" | "env">,
  users: Users,
  color: "auto" | "always" | "never",
  kinds: number,
  taken = 0,
): EventLines {
  const width = widthOf(stdout);
  return new EventLines({
    users,
    color: useColor(color, stdout, env),
    offsetAt: localOffset,
    tree: false,
    dates: true,
    events: kinds > 1 || width === Infinity,
    env: [],
    width: () => widthOf(stdout) - taken,
  });
}
