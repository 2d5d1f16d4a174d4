/**
 * The man pages of section 1, one for the program and one for each command, made from the command
 * table and what only a page has: man(7).
 *
 * @module
 */
import type { CommandSpec, Spec } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "../../src/cli/globals.ts";
import type { OptionSpec } from "../../src/cli/option.ts";
import { isGroup, leavesOf, shownOf } from "../../src/cli/spec_tree.ts";
import { roff, roffWord, titleLine } from "./roff.ts";

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
.BR fh\\-history (5),
.BR fh\\-protocol (7),
.BR pstree (1),
.BR lastcomm (1),
.BR sa (8),
.BR accton (8),
.BR time (1),
.BR proc (5),
.BR acct (5),
.BR systemd (1)
`;

const MANUAL = "User Commands";

/** The pages as text, by the names of their files. */
export function commandPages(commands: readonly Spec[]): Map<string, string> {
  const shown = shownOf({ name: "fh", summary: "", actions: commands });
  const pages = new Map([["fh.1", programPage(shown)]]);
  for (const spec of shown) pages.set(`fh-${spec.name}.1`, commandPage(spec));
  return pages;
}

function programPage(shown: readonly Spec[]): string {
  return [
    titleLine("fh", 1, MANUAL),
    BEFORE,
    ".SH COMMANDS\n",
    ...shown.map(({ name, summary }) => `.TP\n.BR ${roff(`fh-${name}`)} (1)\n${roff(summary)}\n`),
    ".SH OPTIONS\nThese are taken by every command.\n",
    ...[...GLOBAL_OPTIONS, ...HELP_OPTIONS].map(optionText),
    AFTER,
  ].join("");
}

function commandPage(spec: Spec): string {
  const { name, summary } = spec;
  const leaves = leavesOf(spec).filter(({ spec }) => !spec.hidden);
  const calls = leaves.map((leaf) => callOf(["fh", name, ...leaf.names], leaf.spec));
  return [
    titleLine(`fh-${name}`, 1, MANUAL),
    `.SH NAME\n${roff(`fh-${name}`)} \\- ${roff(summary)}\n`,
    `.SH SYNOPSIS\n${calls.map((call) => `.B ${roff(call)}\n`).join(".br\n")}`,
    `.SH DESCRIPTION\n${roff(sentence(spec))}\n`,
    isGroup(spec) ? `.SH ACTIONS\n${actionsText(leaves, name)}` : optionsText(spec),
    examplesText(leaves),
    `.SH SEE ALSO\n.BR fh (1)\nhas the options that every command takes, and the exit statuses.\n`,
  ].join("");
}

function callOf(names: readonly string[], { operands, options }: CommandSpec): string {
  const before = options.length === 0 ? "" : " [options]";
  return `${names.join(" ")}${before} ${operands.replace("[command", "[-- command")}`.trimEnd();
}

type Leaf = ReturnType<typeof leavesOf>[number];

function actionsText(leaves: readonly Leaf[], group: string): string {
  return leaves.map(({ names, spec }) =>
    `.SS ${roffWord(`fh ${group} ${names.join(" ")} ${spec.operands}`.trimEnd())}\n` +
    `${roff(sentence(spec))}\n${spec.options.map(optionText).join("")}`
  ).join("");
}

function optionsText({ options }: CommandSpec): string {
  return options.length === 0 ? "" : `.SH OPTIONS\n${options.map(optionText).join("")}`;
}

function examplesText(leaves: readonly Leaf[]): string {
  const rows = leaves.flatMap(({ spec }) => spec.examples).map((example) => {
    const [command, what] = exampleOf(example);
    return `.TP\n.B ${roff(command)}\n${roff(what)}\n`;
  });
  return rows.length === 0 ? "" : `.SH EXAMPLES\n${rows.join("")}`;
}

/** An example's command, and what it does. */
export function exampleOf(example: string): readonly [command: string, what: string] {
  const at = example.search(/ {2}/);
  if (at < 0) return [example, "as it says"];
  return [example.slice(0, at), example.slice(at).trim()];
}

/** What something does, as a sentence. */
export function sentence({ summary }: Spec): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
}

function optionText({ flags, description }: OptionSpec): string {
  return `.TP\n.B ${roff(flags)}\n${roff(description)}\n`;
}
