/**
 * `fh job`: groups of processes that children join by birth.
 *
 * @module
 */
import type { CommandSpec } from "../../cli/command.ts";
import { SOCKET_OPTION } from "../listen/register.ts";

/** What can be done with jobs, and its operands. */
export const JOB_ACTIONS = {
  create: "NAME",
  add: "NAME PID...",
  remove: "NAME PID...",
  list: "",
  show: "NAME",
  wait: "NAME",
  kill: "NAME",
  end: "NAME",
  rename: "NAME NEW",
  export: "[NAME]",
  "rule add": "NAME",
  "rule list": "",
  "rule remove": "NUMBER",
  "rule test": "PID",
} as const;

/** One of {@linkcode JOB_ACTIONS}. */
export type JobAction = keyof typeof JOB_ACTIONS;

/** The command. */
export const jobCommand: CommandSpec = {
  name: "job",
  operands: "<action> [operands...]",
  summary: "keep groups of processes with all they start",
  options: [
    { flags: "--only", description: "add, remove: not what descends from the process" },
    { flags: "--all", description: "list: ended jobs too" },
    { flags: "--watch", description: "show: again each second, until the job ends" },
    { flags: "--signal <signal>", description: "kill: KILL, INT, 10 ... (default: TERM)" },
    { flags: "-o, --output <path>", description: "export: a new file, instead of standard output" },
    {
      flags: "--exe <glob>",
      description: "rule add: of the executable's path, or its name",
      repeatable: true,
    },
    {
      flags: "--match <regex>",
      description: "rule add: of the command line (RE2)",
      repeatable: true,
    },
    { flags: "--user <user>", description: "rule add: who runs it", repeatable: true },
    { flags: "--cgroup <glob>", description: "rule add: of its cgroup path", repeatable: true },
    { flags: "--unit <glob>", description: "rule add: of its systemd unit", repeatable: true },
    SOCKET_OPTION,
  ],
  examples: [
    "fh job create build  a job of that name, with nobody in it",
    "fh job add build $$  this shell, and all it starts",
    "fh job remove build 4711  that no more, nor what it has started",
    "fh job list  the open jobs",
    "fh job show build --watch  who is in it, and what it has cost",
    "fh job wait build  until its last member ends, for its status",
    "fh job kill build --signal INT  every member, and nobody else",
    "fh job end build  the members live on",
    "fh job rename build old  it has another name",
    "fh job export build > b.ndjson  who was in it, for fh account -j",
    "fh job rule add web --exe nginx  whatever execs that joins",
    "fh job rule list  the rules; rule remove 1; rule test 4711",
  ],
  async run(context, operands, options): Promise<number> {
    const { runJob } = await import("./run.ts");
    return await runJob(context, operands, options);
  },
};
