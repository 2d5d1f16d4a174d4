/**
 * What `fh listeners` does.
 *
 * @module
 */
import { type Context, tableStyle } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import { askServer } from "../../serve/client/ask.ts";
import { jsonText } from "../../text/json_text.ts";
import { type Listeners, renderListeners } from "../../view/listeners.ts";
import type { ListenersOptions } from "./listeners.ts";

/** Runs the command; the exit status comes back. */
export async function runListeners(
  context: Context,
  { socket, json, color }: ListenersOptions,
): Promise<number> {
  const { stdout, env } = context;
  const answer = await askServer(context, socket, "listeners", {});
  const { listeners = [], subscribers = [] } = answer as Partial<Listeners>;
  if (json) {
    stdout.write(jsonText({ listeners, subscribers }) + "\n");
    return EXIT.done;
  }
  const style = tableStyle(stdout, env, color);
  const lines = renderListeners({ listeners, subscribers }, style, localTime);
  stdout.write(lines.map((line) => `${line}\n`).join(""));
  return EXIT.done;
}
