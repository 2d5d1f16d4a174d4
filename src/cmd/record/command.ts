/**
 * `fh record`: keeps the history.
 *
 * @module
 */
import { parseDuration, parseSize, quoted } from "../../ask/text/values.ts";
import type { CommandSpec } from "../../cli/command.ts";
import { REDACT_OPTIONS } from "../../cli/redact_options.ts";
import { LISTEN_OPTIONS } from "../../cli/socket_options.ts";
import { UsageError } from "../../fault.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";

/** Less than this would hold little more than what runs. */
const SIZE_MIN = 4 << 20;

/** The command. */
export const recordCommand: CommandSpec = {
  name: "record",
  operands: "",
  summary: "keep the history of all processes, for fh tree, why and log",
  options: [
    {
      flags: "--keep <time>",
      description: "forget what ended longer ago, or forever (default: 7d)",
      parse: parseKeep,
    },
    {
      flags: "--max-size <size>",
      description: "forget the oldest beyond that size (default: 1G)",
      parse: parseMaxSize,
    },
    { flags: "--no-argv", description: "store no command lines" },
    { flags: "--no-accounts", description: "do not store what processes have cost" },
    ...REDACT_OPTIONS,
    ...LISTEN_OPTIONS,
    { flags: "--no-socket", description: "do not listen" },
    { flags: "--status", description: "tell what the recorder does; status 1 when none runs" },
    { flags: "--print-unit", description: "print a systemd unit that runs this" },
    { flags: "--print-socket-unit", description: "print one that opens the socket to a group" },
    ...CAPTURE_OPTIONS,
  ],
  examples: [
    "fh record  until Ctrl-C, into the default file",
    "fh record --keep 30d --max-size 4G  a longer memory",
    "fh record --status  what is recorded, since when, how much was lost",
    "fh record --print-unit > /etc/systemd/system/fh.service  as a service",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runRecord } = await import("./run.ts");
    return await runRecord(context, options);
  },
};

function parseKeep(text: string): number {
  return text === "forever" ? Infinity : parseDuration(text);
}

function parseMaxSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes < SIZE_MIN) throw new UsageError(`Bad size: ${quoted(text)}; give at least 4M`);
  return bytes;
}
