/**
 * `fh report diff`: what is different between two runs, and what made one slower.
 *
 * @module
 */
import { command, type CommandSpec } from "../../cli/command.ts";
import { asText, opt } from "../../cli/option.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";

/** The action. */
export const diffCommand: CommandSpec = command({
  name: "diff",
  operands: "<run...>",
  offers: ["path"],
  summary: "compare runs: what is new, gone, slower, and what began to fail",
  options: [
    ...FLEET_OPTIONS,
    opt(
      "-o, --output <file>",
      asText,
      "write there: .html is a page with both timelines, .json JSON, all else text",
    ),
  ],
  examples: [
    "fh run --save before.jsonl -- make  then change something, and save after.jsonl",
    "fh report diff before.jsonl after.jsonl  what made it slower comes first",
    "fh report diff before-*.jsonl vs after-*.jsonl  several runs tell noise from change",
    "fh report diff job:build-41 job:build-42  two jobs of the history",
    "fh report diff pid:4711@03:12 pid:815  what they started, and themselves",
    "fh report diff job:web1:build job:web2:build  on two hosts (see fh fleet)",
    "fh report diff 09:00..09:10 10:00..10:10  two stretches of time",
    "fh report diff before.jsonl after.jsonl -o diff.html  a page with both timelines",
    "fh report diff --json before.jsonl after.jsonl | jq .commands[0]  for scripts",
  ],
  async run(context, operands, options): Promise<number> {
    const { runDiff } = await import("./diff_run.ts");
    return await runDiff(context, operands, options);
  },
});
