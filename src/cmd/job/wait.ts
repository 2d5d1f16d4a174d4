/**
 * `fh job wait`: until the last member has ended.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT } from "../../fault.ts";
import { ServerGone } from "../../serve/client/ask.ts";
import type { Fields } from "../../serve/protocol.ts";
import { pause } from "../../steps.ts";
import { jsonText } from "../../text/json_text.ts";
import { signalNumber } from "../../text/words.ts";
import { type JobDoor, type JobPlace, openRecorder } from "./door.ts";

/** So long a recorder that has gone may take to come back: a service is restarted. */
const RETRY_MS = 30_000;
const RETRY_EVERY_MS = 200;
const BY_SIGNAL = 128;

interface WaitOptions extends JobPlace {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Waits; the exit status is that of the member that ended last, as a shell has it. */
export async function waitForJob(
  context: Context,
  door: JobDoor,
  name: string,
  options: WaitOptions,
): Promise<number> {
  const answer = await askAgain(context, door, name, options);
  const { pid, exit_code: code, signal } = answer;
  if (options.json) context.stdout.write(`${jsonText(answer)}\n`);
  const say = (text: string) => tell(context, text, options.quiet || options.json);
  const last = pid === null ? "nobody has seen its last member end" : `${pid} ended last`;
  if (typeof code === "number") {
    say(`${name}: ${last}, with exit ${code}`);
    return code;
  }
  if (typeof signal === "string") {
    say(`${name}: ${last}, by ${signal}`);
    return BY_SIGNAL + (signalNumber(signal) ?? 0);
  }
  say(`${name}: ${last}; how is not known`);
  return EXIT.failed;
}

/** Jobs survive their recorder: another one that begins soon is asked again. */
async function askAgain(
  context: Context,
  first: JobDoor,
  job: string,
  options: WaitOptions,
): Promise<Fields> {
  let door: JobDoor | null = first;
  let until = Infinity;
  while (true) {
    try {
      door ??= await openRecorder(context, options);
      until = Infinity;
      return await door.ask("job_wait", { job });
    } catch (error) {
      const isGone = error instanceof ServerGone;
      if (isGone) until = Math.min(until, performance.now() + RETRY_MS);
      else if (until === Infinity) throw error;
      if (performance.now() > until || context.signal.aborted) throw error;
    } finally {
      door?.close();
      door = null;
    }
    await pause(RETRY_EVERY_MS, context.signal);
  }
}
