/**
 * The command line: which commands there are, and how they are called.
 *
 * @module
 */
import type { Context, GroupSpec, Spec } from "./cli/command.ts";
import { completionCommand } from "./cli/completion.ts";
import { helpText } from "./cli/help.ts";
import { parseLine } from "./cli/parse.ts";
import { tell } from "./cli/tell.ts";
import { accountCommand } from "./cmd/account/command.ts";
import { completeCommand } from "./cmd/complete/command.ts";
import { doctorCommand } from "./cmd/doctor/command.ts";
import { exportCommand } from "./cmd/export/command.ts";
import { failure } from "./cmd/failure.ts";
import { fleetCommand } from "./cmd/fleet/command.ts";
import { jobCommand } from "./cmd/job/command.ts";
import { listenersCommand } from "./cmd/listen/listeners.ts";
import { registerCommand } from "./cmd/listen/register.ts";
import { unregisterCommand } from "./cmd/listen/unregister.ts";
import { logCommand } from "./cmd/log/command.ts";
import { metricsCommand } from "./cmd/metrics/command.ts";
import { recordCommand } from "./cmd/record/command.ts";
import { reportCommand } from "./cmd/report/command.ts";
import { runCommand } from "./cmd/run/command.ts";
import { serveCommand } from "./cmd/serve/command.ts";
import { shipCommand } from "./cmd/ship/command.ts";
import { topCommand } from "./cmd/top/command.ts";
import { treeCommand } from "./cmd/tree/command.ts";
import { troubleCommand } from "./cmd/trouble/command.ts";
import { watchCommand } from "./cmd/watch/command.ts";
import { webCommand } from "./cmd/web/command.ts";
import { whyCommand } from "./cmd/why/command.ts";
import { EXIT } from "./fault.ts";
import { onZoneTrouble } from "./host/local_time.ts";
import { VERSION } from "./version.ts";

/** Every command of fh. */
export const COMMANDS: readonly Spec[] = [
  watchCommand,
  treeCommand,
  whyCommand,
  logCommand,
  troubleCommand,
  topCommand,
  webCommand,
  recordCommand,
  metricsCommand,
  exportCommand,
  shipCommand,
  fleetCommand,
  runCommand,
  reportCommand,
  jobCommand,
  serveCommand,
  registerCommand,
  unregisterCommand,
  listenersCommand,
  accountCommand,
  doctorCommand,
  completionCommand,
  completeCommand(() => programOf(COMMANDS)),
];

/** The program, of which every command is an action. */
function programOf(commands: readonly Spec[]): GroupSpec {
  return { name: "fh", summary: "", actions: commands };
}

/** Runs the command that `argv` (without the program) names; the exit status comes back. */
export async function runCli(
  context: Context,
  argv: readonly string[],
  commands: readonly Spec[] = COMMANDS,
): Promise<number> {
  let verbose = false;
  onZoneTrouble((text) => tell(context, text));
  try {
    const asked = parseLine(programOf(commands), argv);
    if (asked.kind === "nothing" && context.stdout.isTerminal) {
      const { runHere } = await import("./cmd/here/run.ts");
      return await runHere(context);
    }
    if (asked.kind !== "call") {
      context.stdout.write(asked.kind === "version" ? `${VERSION}\n` : helpText(asked.path));
      await context.stdout.flush();
      return EXIT.done;
    }
    verbose = asked.options["verbose"] === true;
    const options = await withFiles(asked.options, context);
    const { command, operands } = asked;
    const run = (inner: Context) => command.run(inner, operands, options);
    const look = { isPaged: command.pages?.(options) === true, isWide: options["wide"] === true };
    const isFitted = context.stdout.isTerminal && (look.isPaged || look.isWide);
    const status = isFitted ? await fittedRun(context, look, run) : await run(context);
    await context.stdout.flush();
    await flushQuietly(context);
    return status;
  } catch (error) {
    const { status, text } = failure(error, verbose);
    context.stderr.write(text);
    await flushQuietly(context);
    return status;
  }
}

/** Loaded for terminals alone. */
async function fittedRun(
  context: Context,
  { isPaged, isWide }: { readonly isPaged: boolean; readonly isWide: boolean },
  run: (context: Context) => Promise<number>,
): Promise<number> {
  const { paged, widened } = await import("./cli/paged.ts");
  const wide = isWide ? (inner: Context) => run(widened(inner)) : run;
  return isPaged ? await paged(context, wide) : await wide(context);
}

/** Options with what stands in the files that they name, where that may have to be waited for. */
async function withFiles(
  options: Readonly<Record<string, unknown>>,
  context: Context,
): Promise<Readonly<Record<string, unknown>>> {
  if (options["redactFile"] === undefined) return options;
  const { withRedactText } = await import("./cmd/redact_text.ts");
  return { ...await withRedactText(options, context) };
}

/** There is nobody left to be told that standard error cannot be written. */
async function flushQuietly(context: Context): Promise<void> {
  await context.stderr.flush().catch(() => {});
}
