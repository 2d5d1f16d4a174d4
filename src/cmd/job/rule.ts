/**
 * `fh job rule`: what puts processes into a job as they exec.
 *
 * @module
 */
import { command, type GroupSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, many, type OptionsOf } from "../../cli/option.ts";
import { JOB_OPTIONS } from "./options.ts";

/** What a rule can ask for. */
export const CONDITIONS = ["exe", "match", "user", "cgroup", "unit"] as const;

const RULE_OPTIONS = [
  many("--exe <glob>", asText, "of the executable's path, or its name"),
  many("--match <regex>", asText, "of the command line (RE2)"),
  many("--user <user>", asText, "who runs it"),
  many("--cgroup <glob>", asText, "of its cgroup path"),
  many("--unit <glob>", asText, "of its systemd unit"),
  ...JOB_OPTIONS,
] as const;

/** What `fh job rule add` is given. */
export type RuleOptions = GlobalOptions & OptionsOf<typeof RULE_OPTIONS>;

const add = command({
  name: "add",
  operands: "<name>",
  offers: ["job"],
  summary: "put what execs into a job, where all conditions hold",
  options: RULE_OPTIONS,
  examples: [
    "fh job rule add web --exe nginx  whatever execs that joins",
    "fh job rule add web --user www-data --match '^php'  both must hold",
  ],
  async run(context, [job], options): Promise<number> {
    const { addRule } = await import("./rule_run.ts");
    return await addRule(context, job, options);
  },
});

const list = command({
  name: "list",
  operands: "",
  summary: "list the rules",
  options: JOB_OPTIONS,
  examples: ["fh job rule list  the rules, by number"],
  async run(context, _operands, options): Promise<number> {
    const { listRules } = await import("./rule_run.ts");
    return await listRules(context, options);
  },
});

const remove = command({
  name: "remove",
  operands: "<number>",
  summary: "remove a rule; who is in the job stays",
  options: JOB_OPTIONS,
  examples: ["fh job rule remove 1  nobody joins by that any more"],
  async run(context, [number], options): Promise<number> {
    const { removeRule } = await import("./rule_run.ts");
    return await removeRule(context, number, options);
  },
});

const test = command({
  name: "test",
  operands: "<process>",
  summary: "tell which rules are for a process",
  options: JOB_OPTIONS,
  examples: ["fh job rule test 4711  into which jobs it is put, and by which rule"],
  async run(context, [pid], options): Promise<number> {
    const { testRules } = await import("./rule_run.ts");
    return await testRules(context, pid, options);
  },
});

/** The actions. */
export const ruleActions: GroupSpec = {
  name: "rule",
  summary: "put processes into jobs as they exec",
  actions: [add, list, remove, test],
};
