/**
 * `fh trouble`: what is wrong on this host, now and in a stretch of time.
 *
 * @module
 */
import { parseDuration } from "../../ask/text/values.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import { asText, many, opt } from "../../cli/option.ts";
import { CAPTURE_OPTIONS } from "../capture_options.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { parseThreshold, THRESHOLD_NAMES } from "./limits.ts";

/** The command. */
export const troubleCommand: CommandSpec = command({
  name: "trouble",
  operands: "",
  summary: "tell what is wrong: crash loops, fork storms, kills for memory",
  options: [
    opt("--since <when>", asText, "from that time on: 14:30, yesterday (default: '1h ago')"),
    opt("--until <when>", asText, "up to that time, and nothing of what lives now"),
    opt(
      "--for <time>",
      parseDuration,
      "look so long at what happens now (default: 1s; 5s without a history)",
    ),
    many(
      "--threshold <name=value>",
      parseThreshold,
      "another bound of what is taken for trouble; can be repeated",
      THRESHOLD_NAMES,
    ),
    ...FLEET_OPTIONS,
    ...CAPTURE_OPTIONS,
  ],
  examples: [
    "fh trouble  what is wrong now, or was in the last hour",
    "fh trouble --since yesterday  the same of a longer time",
    "fh trouble --json | jq -r .findings[].words  for scripts; the status is 1 if there is any",
    "fh trouble --host '*' --fleet postgres:///fleet  on all hosts of a fleet (see fh fleet)",
    "fh trouble --threshold loop-times=3  three bad ends in a row are a loop",
  ],
  pages: () => true,
  async run(context, _operands, options): Promise<number> {
    const { runTrouble } = await import("./run.ts");
    return await runTrouble(context, options);
  },
});
