/**
 * `fh log` where no history is: what runs now, from /proc.
 *
 * @module
 */
import type { Asking } from "../../ask/asking.ts";
import type { Notes } from "../../ask/notes.ts";
import type { Filter } from "../../ask/filter.ts";
import { runningNow } from "../../ask/log.ts";
import type { Context } from "../../cli/command.ts";
import { ByteText } from "../../text/byte_text.ts";
import { JsonLines } from "../../view/json.ts";
import { LOG_LIMIT } from "./limit.ts";
import { logLines } from "./lines.ts";
import type { LogOptions } from "./run.ts";

/** Lists the processes that a filter lets pass, oldest first: the newest so many. */
export async function listRunning(
  { stdout, env }: Context,
  asking: Asking,
  { json, color, limit, reverse }: LogOptions,
  filter: Filter,
  notes: Notes,
): Promise<void> {
  const { users } = asking;
  const writer = json
    ? new JsonLines({ source: "poll", users, env: false })
    : logLines({ stdout, env }, users, color, 1);
  const lines: string[] = [];
  for (const change of runningNow(asking, filter)) {
    const text = new ByteText(512);
    writer.append(change, asking.boot.epoch!, text);
    lines.push(text.toString());
  }
  const shown = lines.slice(-(limit ?? LOG_LIMIT));
  if (reverse) shown.reverse();
  stdout.write(shown.join(""));
  await stdout.flush();
  if (limit === undefined && shown.length < lines.length) {
    notes.add("limit", `the newest ${LOG_LIMIT} are shown; for more give --limit`);
  }
}
