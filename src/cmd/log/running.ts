/**
 * `fh log` where no history is: what runs now, from /proc.
 *
 * @module
 */
import type { Asking } from "../../ask/asking.ts";
import type { Filter } from "../../ask/filter.ts";
import { runningNow } from "../../ask/log.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { localOffset } from "../../host/local_time.ts";
import { ByteText } from "../../text/byte_text.ts";
import { JsonLines } from "../../view/json.ts";
import { EventLines } from "../../view/line.ts";
import type { LogOptions } from "./run.ts";

/** Lists the processes that a filter lets pass, oldest first. */
export async function listRunning(
  { stdout, env }: Context,
  asking: Asking,
  { json, color }: LogOptions,
  filter: Filter,
): Promise<void> {
  const { users } = asking;
  const lines = json ? new JsonLines({ source: "poll", users, env: false }) : new EventLines({
    users,
    color: useColor(color, stdout, env),
    offsetAt: localOffset,
    tree: false,
    dates: true,
    env: [],
  });
  const text = new ByteText(64 << 10);
  for (const change of runningNow(asking, filter)) {
    lines.append(change, asking.boot.epoch!, text);
  }
  stdout.write(text.take());
  await stdout.flush();
}
