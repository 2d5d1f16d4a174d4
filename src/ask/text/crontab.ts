/**
 * Crontabs: which of their lines has started a command.
 *
 * @module
 */

/** A crontab as a file has it; crontab(5), anacrontab(5). */
export interface Crontab {
  readonly path: string;
  readonly text: string;
  /** Lines of `system` name the user, those of `user` are of one, those of `anacron` of root. */
  readonly form: "system" | "user" | "anacron";
  /** Name of the user whose it is; null where each line names one. */
  readonly user: string | null;
}

/** A line of a crontab. */
export interface CronEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** As it stands there: minutes to days of the week, `@daily`, or period and delay of anacron. */
  readonly schedule: string;
  readonly user: string | null;
}

/** What a process shows of the line that has started it. */
export interface CronCommand {
  /** Its command line. */
  readonly argv: readonly string[];
  /** Name of its user; null when not known. */
  readonly user: string | null;
  /** A command as it would be with its secrets hidden. */
  hide(command: string): string;
}

/** An entry with the command that cron gives to a shell. */
interface Line extends CronEntry {
  readonly command: string;
}

const FIELDS: Readonly<Record<Crontab["form"], RegExp>> = {
  system: /^((?:\S+\s+){4}\S+|@\w+)\s+(\S+)\s+(.*)$/,
  user: /^((?:\S+\s+){4}\S+|@\w+)()\s+(.*)$/,
  anacron: /^((?:\d+|@\w+)\s+\d+)()\s+\S+\s+(.*)$/,
};
const VARIABLE = /^[\w"'-]+\s*=/;
const SHELL_COMMAND = /^-\w*c$/;

/** The lines that may have started a command, by what cron gave to a shell and whose it was. */
export function findEntries(crontabs: Iterable<Crontab>, started: CronCommand): CronEntry[] {
  const found: CronEntry[] = [];
  for (const crontab of crontabs) {
    for (const { command, ...entry } of linesOf(crontab)) {
      if (started.user !== null && entry.user !== null && entry.user !== started.user) continue;
      const commands = [command, started.hide(command)];
      if (commands.some((one) => isCommand(one, started.argv))) found.push(entry);
    }
  }
  return found;
}

function* linesOf({ path, text, form, user }: Crontab): Generator<Line> {
  for (const [at, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed.startsWith("#") || VARIABLE.test(trimmed)) continue;
    const [, schedule, owner, command] = FIELDS[form].exec(trimmed) ?? [];
    if (command === undefined) continue;
    yield {
      file: path,
      line: at + 1,
      schedule: schedule!.replace(/\s+/g, " "),
      user: owner || user,
      command: commandOf(command),
    };
  }
}

/** What is before the first `%`, which begins the command's input; `\%` is one. */
function commandOf(text: string): string {
  return text.replace(/(?<!\\)%.*$/s, "").replaceAll("\\%", "%");
}

/** A shell has the command as it is; what a shell has become has its words. */
function isCommand(command: string, argv: readonly string[]): boolean {
  if (SHELL_COMMAND.test(argv[1] ?? "")) return argv[2]?.trim() === command.trim();
  return argv.length > 0 && wordsOf(command) === argv.join(" ");
}

/** The words of a simple command, without quotes and redirections, a space between. */
function wordsOf(command: string): string {
  return command.replace(/\s*\d*(?:&>>?|[<>]{1,2})&?\s*\S+/g, " ").replace(/["'\\]/g, "")
    .replace(/\s+/g, " ").trim().replace(/^exec /, "");
}
