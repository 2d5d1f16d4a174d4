/**
 * What `fh register` and `fh unregister` do.
 *
 * @module
 */
import { quoted } from "../../ask/text/values.ts";
import type { Context } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT, Refusal, UsageError } from "../../fault.ts";
import { askServer } from "../../serve/client/ask.ts";
import { readSignal } from "../../serve/protocol.ts";
import { jsonText } from "../../text/json_text.ts";
import { signalName } from "../../text/words.ts";
import { livingPid } from "../living_pid.ts";
import type { RegisterOptions } from "./register.ts";
import type { UnregisterOptions } from "./unregister.ts";

/** Runs `fh register`; the exit status comes back. */
export async function runRegister(
  context: Context,
  options: RegisterOptions,
): Promise<number> {
  const { exclusive, threads } = options;
  const pid = await livingPid(context, neededPid(options), options.quiet);
  const scope = options.scope === undefined
    ? undefined
    : await livingPid(context, options.scope, options.quiet);
  if (options.sig === undefined) {
    throw new UsageError("Missing signal: give --sig a real-time signal, such as SIGRTMIN+3");
  }
  const answer = await askServer(context, options.socket, "register", {
    pid,
    sig: parseSignal(options.sig),
    scope: scope === undefined ? "all" : { descendants_of: scope },
    exclusive: exclusive === true,
    threads: threads === true,
  });
  const whose = scope === undefined ? "" : ` by ${scope} and its descendants`;
  const what = `each fork${threads ? " and new thread" : ""}${whose}`;
  const sig = Number(answer["sig"]);
  const alone = exclusive ? ", and nobody else is told" : "";
  answerWith(
    context,
    options,
    answer,
    `pid ${pid} gets ${signalName(sig)} (${sig}) at ${what}${alone}`,
  );
  return EXIT.done;
}

/** Runs `fh unregister`; the exit status comes back. */
export async function runUnregister(
  context: Context,
  options: UnregisterOptions,
): Promise<number> {
  const pid = await livingPid(context, neededPid(options), options.quiet);
  const answer = await askServer(context, options.socket, "unregister", { pid });
  const was = answer["removed"] === 0 ? "was not registered" : "is told of no more forks";
  answerWith(context, options, answer, `pid ${pid} ${was}`);
  return EXIT.done;
}

/** This command ends at once: it is no use to be told. */
function neededPid({ pid }: UnregisterOptions): string {
  if (pid !== undefined) return pid;
  throw new UsageError("Missing pid: give --pid the process that is told");
}

/** A number, or a name as the server takes it. */
function parseSignal(text: string): number | string {
  const signal = /^\d{1,9}$/.test(text) ? Number(text) : text;
  try {
    readSignal(signal);
  } catch (error) {
    // The server says itself which signals are no real-time ones.
    if (!(error instanceof Refusal) || error.error === "EINVAL") return signal;
    const help = "give 34 to 64, or a name such as SIGRTMIN+3 or SIGRTMAX-1";
    throw new UsageError(`Bad signal: ${quoted(text)}; ${help}`);
  }
  return signal;
}

function answerWith(
  context: Context,
  { json, quiet }: GlobalOptions,
  answer: Readonly<Record<string, unknown>>,
  line: string,
): void {
  if (json) context.stdout.write(jsonText(answer) + "\n");
  else tell(context, line, quiet);
}
