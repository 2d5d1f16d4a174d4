/**
 * `fh record`: keeps the history.
 *
 * @module
 */
import type { RedactSettings } from "../../ask/text/redact.ts";
import { parseCount, parseDuration, parseSize, quoted } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, many, opt, type OptionsOf, undo, unless } from "../../cli/option.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { LISTEN_OPTIONS } from "../../cli/socket_options.ts";
import { FINDING_KINDS } from "../../detect/finding.ts";
import { UsageError } from "../../fault.ts";
import type { Hook } from "../../recorder/hooks.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";
import { parseTarget } from "../../ship/open/targets.ts";
import { parseShipFilter } from "../ship/setup.ts";
import { parseThreshold, THRESHOLD_NAMES } from "../trouble/limits.ts";
import { parseAddress } from "../listen_address.ts";

/** Less than this would hold little more than what runs. */
const SIZE_MIN = 4 << 20;

const OPTIONS = [
  opt("--keep <time>", parseKeep, "forget what ended longer ago, or forever (default: 7d)"),
  opt("--max-size <size>", parseMaxSize, "forget the oldest beyond it (default: 1G)"),
  unless("--no-argv", "store no command lines"),
  unless("--no-accounts", "do not store what processes have cost"),
  unless("--no-findings", "do not look for trouble while recording"),
  opt(
    "--first-seen <time>",
    parseDuration,
    "tell of programs that are new after it: 1d",
  ),
  many("--threshold <name=value>", parseThreshold, "as in fh trouble", THRESHOLD_NAMES),
  ...REDACT_OPTIONS,
  ...LISTEN_OPTIONS,
  undo("--no-socket", "do not listen"),
  many(
    "--on-finding <[kind=]program>",
    parseHook,
    "say what is wrong, and run this for each finding, or those of a kind",
    FINDING_KINDS.map((kind) => `${kind}=`),
  ),
  opt(
    "--metrics <address>",
    parseAddress,
    "tell Prometheus there: a port, for this host alone, IP:PORT or unix:PATH",
  ),
  opt("--ship-to <url>", parseTarget, "ship what is kept there, as fh ship does", null),
  opt("--ship-as <name>", asText, "what the fleet is to call this host", null),
  opt("--ship-rate <n>", parseCount, "lives a second at most (default: 10000)"),
  opt("--ship-filter <filter>", parseShipFilter, "which lives, as in fh ship"),
  flag("--status", "tell what it does; status 1 when none runs"),
  flag("--print-unit", "print a systemd unit that runs this"),
  flag("--print-socket-unit", "print one that opens the socket to a group"),
  ...CAPTURE_OPTIONS,
] as const;

/** What the command line gives. */
export type RecordOptions = GlobalOptions & OptionsOf<typeof OPTIONS> & RedactSettings;

/** The command. */
export const recordCommand: CommandSpec = command({
  name: "record",
  operands: "",
  summary: "keep the history of processes, for tree, why and log",
  options: OPTIONS,
  examples: [
    "fh record  until Ctrl-C",
    "fh record --keep 30d --max-size 4G  a longer memory",
    "fh record --status  what is recorded",
    "fh record --print-unit > /etc/systemd/system/fh.service  as a service",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runRecord } = await import("./run.ts");
    return await runRecord(context, options);
  },
});

/** A program, or a kind of findings and a program. */
function parseHook(text: string): Hook {
  const kind = FINDING_KINDS.find((kind) => text.startsWith(`${kind}=`)) ?? null;
  const path = kind === null ? text : text.slice(kind.length + 1);
  if (path === "") throw new UsageError(`Hook without a program: ${quoted(text)}`);
  if (kind === null && /^[\w-]+=/.test(path)) {
    const kinds = FINDING_KINDS.join(", ");
    throw new UsageError(`Unknown kind of finding: ${quoted(text)}; there are ${kinds}`);
  }
  // What is found by PATH today may be another program tomorrow, and this runs as root.
  if (!path.startsWith("/")) {
    throw new UsageError(`Bad hook: ${quoted(path)}; give the whole path of a program`);
  }
  return { path, kind };
}

function parseKeep(text: string): number {
  return text === "forever" ? Infinity : parseDuration(text);
}

function parseMaxSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes < SIZE_MIN) throw new UsageError(`Bad size: ${quoted(text)}; give at least 4M`);
  return bytes;
}
