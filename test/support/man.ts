/**
 * The man page, made from the command table and what only a page has: man(7).
 *
 * @module
 */
import type { CommandSpec, Spec } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "../../src/cli/globals.ts";
import type { OptionSpec } from "../../src/cli/option.ts";
import { isGroup, shownOf } from "../../src/cli/spec_tree.ts";

/** Text before and after the commands, in man(7) already. */
const BEFORE = `.SH NAME
fh \\- the history of process creation
.SH SYNOPSIS
.B fh
.RI [ options ]
.I command
.RI [ operands ]
.SH DESCRIPTION
.B fh
shows what is started on this host, by whom, and what becomes of it and costs: now, and in the past
that
.B fh record
keeps.
Events come from the proc connector of the kernel, which reports every fork, exec and exit; where
that cannot be used, from looking at
.I /proc
all the time.
.B fh doctor
tells what this host allows.
Nothing needs to be set up, and root is not needed; users who are not root see only their own
processes in full.
.PP
A process is named by its pid, by
.IR PID @ TIME
(the one that had the pid then), or by the unique id that
.B fh
shows.
`;

const AFTER = `.SH EXIT STATUS
.TP
.B 0
done, also when ended by SIGINT or SIGTERM
.TP
.B 1
failed
.TP
.B 2
wrong usage
.TP
.B 3
nothing found: no such process, job, or history
.PP
.BR "fh run" ", " "fh watch \\-\\- command" " and " "fh job wait"
have the status of the command, or of the member that ended last; 128 + signal when that was killed;
127 when the command was not found, 126 when it could not be run.
.SH ENVIRONMENT
.TP
.B FH_DB
the history file
.TP
.B FH_SOCKET
the socket of
.BR "fh record" " and " "fh serve"
.TP
.B FH_PAGER, PAGER
the program in which long answers are paged on a terminal, instead of
.BR less (1);
.B cat
or an empty one for none
.TP
.B NO_COLOR
when set, no colours
.TP
.B TZ, TZDIR
the zone of local times, in every form that
.BR tzset (3)
has
.TP
.B XDG_STATE_HOME, XDG_RUNTIME_DIR
where an ordinary user's history and socket are
.SH FILES
.TP
.I /var/lib/fh/history.db
the history that root keeps; that of others is
.I ~/.local/state/fh/history.db
.TP
.I /run/fh/fh.sock
the socket of root's recorder; that of others is
.I $XDG_RUNTIME_DIR/fh.sock
.SH SEE ALSO
.BR pstree (1),
.BR lastcomm (1),
.BR sa (8),
.BR accton (8),
.BR time (1),
.BR proc (5),
.BR acct (5),
.BR systemd (1)
.PP
The documents
.IR docs/protocol.md ,
.I docs/history\\-schema.md
and
.I docs/job\\-file.md
of the project.
`;

/** The page as text. */
export function manPage(commands: readonly Spec[]): string {
  return [
    '.TH FH 1 "" "fh" "User Commands"\n',
    BEFORE,
    ".SH COMMANDS\n",
    ...shownOf({ name: "fh", summary: "", actions: commands }).map((spec) => specText("fh", spec)),
    ".SH OPTIONS\nThese are taken by every command.\n",
    ...[...GLOBAL_OPTIONS, ...HELP_OPTIONS].map(optionText),
    AFTER,
  ].join("");
}

function specText(before: string, spec: Spec): string {
  const call = `${before} ${spec.name}`;
  if (!isGroup(spec)) return commandText(call, spec);
  const actions = shownOf(spec);
  const { options, names } = sharedOptions(actions);
  const shared = options.length === 0
    ? ""
    : `The actions ${escape(names.join(", "))} take these options.\n` +
      options.map(optionText).join("");
  const withOwn = (action: Spec): Spec => {
    if (isGroup(action) || !names.includes(action.name)) return action;
    return { ...action, options: action.options.filter((option) => !options.includes(option)) };
  };
  return headText(`${call} <action>`, spec) + shared +
    actions.map((action) => specText(call, withOwn(action))).join("");
}

/** Actions that share so many options have them told once. */
const SHARED_MIN = 4;

/** Options that so many actions share, and the names of those that have them all. */
function sharedOptions(actions: readonly Spec[]): {
  readonly options: readonly OptionSpec[];
  readonly names: readonly string[];
} {
  const commands = actions.filter((action): action is CommandSpec => !isGroup(action));
  const all = [...new Set(commands.flatMap(({ options }) => options))];
  const options = all.filter((option) => {
    return commands.filter((one) => one.options.includes(option)).length >= SHARED_MIN;
  });
  const having = commands.filter((one) => options.every((some) => one.options.includes(some)));
  if (options.length < SHARED_MIN) return { options: [], names: [] };
  return { options, names: having.map(({ name }) => name) };
}

function headText(call: string, { summary }: Spec): string {
  return `.SS ${quoted(call)}\n${escape(summary[0]!.toUpperCase() + summary.slice(1))}.\n`;
}

function commandText(call: string, spec: CommandSpec): string {
  const { operands, options, examples } = spec;
  const lines = [headText(`${call} ${operands}`.trimEnd(), spec), ...options.map(optionText)];
  if (examples.length > 0) lines.push(".PP\nExamples:\n");
  for (const example of examples) {
    const at = example.search(/ {2}/);
    const [command, what] = at < 0 ? [example, ""] : [example.slice(0, at), example.slice(at)];
    lines.push(`.TP\n.B ${escape(command)}\n${escape(what.trim() || "as it says")}\n`);
  }
  return lines.join("");
}

function optionText({ flags, description }: OptionSpec): string {
  return `.TP\n.B ${escape(flags)}\n${escape(description)}\n`;
}

function quoted(text: string): string {
  return `"${escape(text).replaceAll('"', "\\(dq")}"`;
}

/** What troff would take for more than text. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/, "\\&$1");
}
