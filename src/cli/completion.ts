/**
 * `fh completion`: scripts by which shells complete fh's command line, made from its table.
 *
 * @module
 */
import { parseChoice } from "../ask/text/values.ts";
import { EXIT } from "../fault.ts";
import { command, type CommandSpec, type Spec } from "./command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "./globals.ts";
import type { OptionSpec } from "./option.ts";
import { isGroup, leavesOf } from "./spec_tree.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

const SCRIPTS: Readonly<Record<typeof SHELLS[number], (commands: Commands) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

type Commands = readonly Pick<CommandSpec, "name" | "summary" | "options">[];

/** The command for a table, which may be the one it stands in. */
export function completionCommand(commands: () => readonly Spec[]): CommandSpec {
  return command({
    name: "completion",
    operands: "<shell>",
    summary: "shell completion for bash, zsh or fish",
    options: [],
    examples: [
      "source <(fh completion bash)  for this shell",
      "fh completion bash > /etc/bash_completion.d/fh  for everybody",
      "fh completion fish > ~/.config/fish/completions/fh.fish  for fish",
    ],
    run(context, [shell]): Promise<number> {
      const table = commands().map(flatten);
      context.stdout.write(SCRIPTS[parseChoice("shell", SHELLS)(shell)](table));
      return Promise.resolve(EXIT.done);
    },
  });
}

/** A group with the options of all its actions. */
function flatten(spec: Spec): Commands[number] {
  if (!isGroup(spec)) return spec;
  const options = leavesOf(spec).flatMap((leaf) => leaf.spec.options);
  return { ...spec, options: [...new Set(options)] };
}

/** An option as shells know it. */
interface Flag {
  /** `-p` */
  readonly short: string | null;
  /** `--pid` */
  readonly long: string;
  readonly takesValue: boolean;
  readonly spec: OptionSpec;
}

function flagsOf(options: readonly OptionSpec[]): Flag[] {
  return [...options, ...GLOBAL_OPTIONS, ...HELP_OPTIONS].map((spec) => ({
    short: /^-\w(?=,|\s|$)/.exec(spec.flags)?.[0] ?? null,
    long: /--[\w-]+/.exec(spec.flags)![0],
    takesValue: /[<[]/.test(spec.flags),
    spec,
  }));
}

function valuesOf({ spec: { offers } }: Flag): readonly string[] | undefined {
  return typeof offers === "string" ? undefined : offers ?? undefined;
}

function spellings({ short, long }: Flag): string[] {
  return short === null ? [long] : [short, long];
}

/** A word or text in single quotes, as all three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The commands, and the program itself under an empty name. */
function withProgram(commands: Commands): readonly Pick<CommandSpec, "name" | "options">[] {
  return [{ name: "", options: [] }, ...commands];
}

/** What can stand where no option's value stands. */
function wordsOf(name: string, options: readonly OptionSpec[], commands: Commands): string[] {
  const flags = flagsOf(options).flatMap(spellings);
  if (name === "") return [...commands.map((command) => command.name), "help", ...flags];
  return name === "completion" ? [...SHELLS, ...flags] : flags;
}

function bashScript(commands: Commands): string {
  const withValue = flagsOf([]).filter(({ takesValue }) => takesValue).flatMap(spellings);
  const values = withProgram(commands).flatMap(({ name, options }) =>
    flagsOf(options).filter(({ takesValue }) => takesValue).map((flag) => {
      const patterns = spellings(flag).map((spelling) => quoted(`${name} ${spelling}`)).join(" | ");
      const values = valuesOf(flag);
      if (values === undefined) return `    ${patterns}) return ;;`;
      return `    ${patterns}) words=${quoted(values.join(" "))} ;;`;
    })
  );
  const words = withProgram(commands).map(({ name, options }) => {
    return `    ${quoted(`${name} `)}*) words=${
      quoted(wordsOf(name, options, commands).join(" "))
    } ;;`;
  });
  return `# bash completion for fh
_fh() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= words= i
  COMPREPLY=()
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${withValue.join(" | ")}) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  for ((i++; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} == -- ]]; then
      ((i + 1 < COMP_CWORD)) || mapfile -t COMPREPLY < <(compgen -c -- "$cur")
      return
    fi
  done
  case "$command $prev" in
${values.join("\n")}
    'help '*) words=${quoted(commands.map(({ name }) => name).join(" "))} ;;
${words.join("\n")}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o bashdefault -o default -F _fh fh
`;
}

function zshScript(commands: Commands): string {
  const branches = commands.map(({ name, options }) => {
    const operands = name === "completion" ? `':shell:(${SHELLS.join(" ")})'` : "'*::: :_normal'";
    return `    (${name}) _arguments -s ${zshFlags(options)} ${operands} ;;`;
  });
  return `#compdef fh
_fh() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -s -C ${zshFlags([])} '1:command:->command' '*::argument:->argument'
  case $state in
    (command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}`).join("\n")}
      )
      _describe command commands
      ;;
    (argument)
      case $words[1] in
${branches.map((branch) => `    ${branch}`).join("\n")}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _fh ]]; then
  _fh "$@"
else
  compdef _fh fh
fi
`;
}

function zshFlags(options: readonly OptionSpec[]): string {
  return flagsOf(options).map((flag) => {
    const { description } = flag.spec;
    const values = valuesOf(flag);
    const names = spellings(flag);
    const about = `[${description.replace(/[[\]:\\]/g, "\\$&")}]`;
    const value = flag.takesValue
      ? `: :${values === undefined ? "" : `(${values.join(" ")})`}`
      : "";
    if (names.length > 1) {
      return `'(${names.join(" ")})'{${names.join(",")}}${quoted(about + value)}`;
    }
    return names.map((name) => quoted(name + about + value)).join(" ");
  }).join(" ");
}

function fishScript(commands: Commands): string {
  const lines = ["# fish completion for fh"];
  for (const { name, summary } of commands) {
    lines.push(`complete -c fh -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`);
  }
  for (const { name, options } of withProgram(commands)) {
    const when = name === ""
      ? "-n __fish_use_subcommand"
      : `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    for (const flag of flagsOf(options)) lines.push(`complete -c fh ${when} ${fishFlag(flag)}`);
  }
  const shells = quoted(SHELLS.join(" "));
  lines.push(`complete -c fh -f -n '__fish_seen_subcommand_from completion' -a ${shells}`);
  return `${lines.join("\n")}\n`;
}

function fishFlag(flag: Flag): string {
  const { short, long, takesValue, spec } = flag;
  const values = valuesOf(flag);
  const parts = [`-l ${long.slice(2)}`, `-d ${quoted(spec.description)}`];
  if (short !== null) parts.unshift(`-s ${short.slice(1)}`);
  if (takesValue) parts.push("-x");
  if (values !== undefined) parts.push(`-a ${quoted(values.join(" "))}`);
  return parts.join(" ");
}
