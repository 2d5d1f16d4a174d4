/**
 * `fh why`: who started this, and where does it come from?
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import { WIDE } from "../../cli/globals.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";

/** The command. */
export const whyCommand: CommandSpec = command({
  name: "why",
  operands: "<process>",
  summary: "tell in words who started a process, up to where it came from",
  options: [...FLEET_OPTIONS, WIDE],
  examples: [
    "fh why 4711  the chain that led to a process, dead or alive",
    "fh why 4711@03:12  the one that had this pid at that time",
    "fh why rsync  by name: the one that runs, or the last that did",
    "fh why web7:4711 --fleet postgres:///fleet  on another host, by a fleet (see fh fleet)",
    "fh why --json nginx | jq .origin  for scripts",
  ],
  pages: () => true,
  async run(context, [process], options): Promise<number> {
    const { runWhy } = await import("./run.ts");
    return await runWhy(context, process, options);
  },
});
