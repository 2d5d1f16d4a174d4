/**
 * A document for each command, made from the command table.
 *
 * @module
 */
import type { CommandSpec, Spec } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "../../src/cli/globals.ts";
import type { OptionSpec } from "../../src/cli/option.ts";
import { isGroup, leavesOf, shownOf } from "../../src/cli/spec_tree.ts";
import { exampleOf, sentence } from "./man.ts";

const MADE = "Made from the program itself, as `--help` and the man pages are.";

/** The documents as text, by the names of their files. */
export function commandDocuments(commands: readonly Spec[]): Map<string, string> {
  const shown = shownOf({ name: "fh", summary: "", actions: commands });
  const documents = new Map([["README.md", indexDocument(shown)]]);
  for (const spec of shown) documents.set(`${spec.name}.md`, commandDocument(spec));
  return documents;
}

function indexDocument(shown: readonly Spec[]): string {
  const rows = shown.map(({ name, summary }) => [`[fh ${name}](${name}.md)`, cell(summary)]);
  return [
    "# The commands of fh",
    `${MADE} [The guide](../guide.md) goes by what you want to do.`,
    table(["command", "does"], rows),
    "## Options of every command",
    optionTable([...GLOBAL_OPTIONS, ...HELP_OPTIONS]),
    "## Exit statuses",
    "0 done; 1 failed; 2 wrong usage; 3 nothing found. The command of `fh run` and of\n" +
    "`fh watch -- CMD` hands on its own.",
  ].join("\n\n") + "\n";
}

function commandDocument(spec: Spec): string {
  const parts = isGroup(spec)
    ? leavesOf(spec).filter(({ spec }) => !spec.hidden).flatMap((leaf) => [
      `## fh ${[spec.name, ...leaf.names].join(" ")}`,
      ...leafParts(["fh", spec.name, ...leaf.names].join(" "), leaf.spec),
    ])
    : leafParts(`fh ${spec.name}`, spec);
  const head = [`# fh ${spec.name}`, ...isGroup(spec) ? [sentence(spec)] : []];
  return `${[...head, ...parts, "[All commands](README.md)"].join("\n\n")}\n`;
}

function leafParts(call: string, spec: CommandSpec): string[] {
  const { operands, options, examples } = spec;
  const before = options.length === 0 ? "" : " [options]";
  const usage = `${call}${before} ${operands.replace("[command", "[-- command")}`.trimEnd();
  const parts = [sentence(spec), `\`\`\`text\n${usage}\n\`\`\``];
  if (options.length > 0) parts.push(optionTable(options));
  if (examples.length > 0) parts.push(exampleBlock(examples));
  return parts;
}

function exampleBlock(examples: readonly string[]): string {
  const lines = examples.map(exampleOf).flatMap(([command, what]) => [`# ${what}`, command]);
  return `\`\`\`sh\n${lines.join("\n")}\n\`\`\``;
}

function optionTable(options: readonly OptionSpec[]): string {
  return table(
    ["option", "does"],
    options.map(({ flags, description }) => {
      return [`\`${flags.replaceAll("|", "\\|")}\``, cell(description)];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Text in a table, where what looks like markup is none. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
}
