/**
 * What `fh listeners` does.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import { type Listeners, renderListeners } from "../../view/listeners.ts";
import { askServer } from "../socket_place.ts";

interface ListenersOptions {
  readonly socket?: string;
  readonly json?: boolean;
  readonly color?: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runListeners(
  context: Context,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { socket, json, color = "auto" }: ListenersOptions = given;
  const { stdout, env } = context;
  const answer = await askServer(context, socket, "listeners", {});
  const { listeners = [], subscribers = [] } = answer as Partial<Listeners>;
  if (json) {
    stdout.write(jsonText({ listeners, subscribers }) + "\n");
    return EXIT.done;
  }
  const colored = useColor(color, stdout, env);
  const head = (text: string) => paint(text, "bold", colored);
  const lines = renderListeners({ listeners, subscribers }, head, localTime);
  stdout.write(lines.map((line) => `${line}\n`).join(""));
  return EXIT.done;
}
