/**
 * `fh job`: groups of processes that children join by birth.
 *
 * @module
 */
import { command, type GroupSpec } from "../../cli/command.ts";
import { parseCount } from "../../ask/text/values.ts";
import { asText, flag, opt } from "../../cli/option.ts";
import { ASKING_OPTIONS, JOB_OPTIONS, MEMBER_OPTIONS } from "./options.ts";
import { ruleActions } from "./rule.ts";

const create = command({
  name: "create",
  operands: "<name>",
  offers: [null],
  summary: "begin a job, with nobody in it",
  options: JOB_OPTIONS,
  examples: ["fh job create build  a job of that name, with nobody in it"],
  async run(context, [name], options): Promise<number> {
    const { createJob } = await import("./run.ts");
    return await createJob(context, name, options);
  },
});

const add = command({
  name: "add",
  operands: "<name> <process...>",
  offers: ["job", "process"],
  summary: "put processes into a job, with all they start",
  options: MEMBER_OPTIONS,
  examples: [
    "fh job add build $$  this shell, and all it starts",
    "fh job add build --only 4711  that one, and what it starts from now on",
  ],
  async run(context, [job, ...pids], options): Promise<number> {
    const { addMembers } = await import("./run.ts");
    return await addMembers(context, job, pids, options);
  },
});

const remove = command({
  name: "remove",
  operands: "<name> <process...>",
  offers: ["job", "process"],
  summary: "take processes out of a job, with all they have started",
  options: MEMBER_OPTIONS,
  examples: ["fh job remove build 4711  that no more, nor what it has started"],
  async run(context, [job, ...pids], options): Promise<number> {
    const { removeMembers } = await import("./run.ts");
    return await removeMembers(context, job, pids, options);
  },
});

const list = command({
  name: "list",
  operands: "",
  summary: "list the open jobs",
  options: [
    flag("--all", "ended jobs too"),
    opt("-n, --limit <n>", parseCount, "the newest so many"),
    ...ASKING_OPTIONS,
  ],
  examples: [
    "fh job list  the open jobs",
    "fh job list --all --json  every job, for scripts",
    "fh job list --host 'web*'  those of many hosts (see fh fleet)",
  ],
  async run(context, _operands, options): Promise<number> {
    const { listAll } = await import("./run.ts");
    return await listAll(context, options);
  },
});

const show = command({
  name: "show",
  operands: "<name>",
  offers: ["any job"],
  summary: "show who is in a job, and what it has cost",
  options: [flag("--watch", "again each second, until the job ends"), ...ASKING_OPTIONS],
  examples: [
    "fh job show build --watch  who is in it, and what it has cost",
    "fh job show web7:build  that of another host (see fh fleet)",
  ],
  async run(context, [job], options): Promise<number> {
    const { showOne } = await import("./run.ts");
    return await showOne(context, job, options);
  },
});

const wait = command({
  name: "wait",
  operands: "<name>",
  offers: ["job"],
  summary: "wait until the last member of a job has ended",
  options: JOB_OPTIONS,
  examples: ["fh job wait build  until its last member ends, for its status"],
  async run(context, [job], options): Promise<number> {
    const { waitForOne } = await import("./run.ts");
    return await waitForOne(context, job, options);
  },
});

const kill = command({
  name: "kill",
  operands: "<name>",
  offers: ["job"],
  summary: "send a signal to every member of a job",
  options: [opt("--signal <signal>", asText, "KILL, INT, 10 ... (default: TERM)"), ...JOB_OPTIONS],
  examples: ["fh job kill build --signal INT  every member, and nobody else"],
  async run(context, [job], options): Promise<number> {
    const { killMembers } = await import("./run.ts");
    return await killMembers(context, job, options);
  },
});

const end = command({
  name: "end",
  operands: "<name>",
  offers: ["job"],
  summary: "end a job, whose members live on",
  options: JOB_OPTIONS,
  examples: ["fh job end build  the members live on"],
  async run(context, [job], options): Promise<number> {
    const { endJob } = await import("./run.ts");
    return await endJob(context, job, options);
  },
});

const rename = command({
  name: "rename",
  operands: "<name> <new>",
  offers: ["job"],
  summary: "give a job another name",
  options: JOB_OPTIONS,
  examples: ["fh job rename build old  it has another name"],
  async run(context, [job, name], options): Promise<number> {
    const { renameJob } = await import("./run.ts");
    return await renameJob(context, job, name, options);
  },
});

const exported = command({
  name: "export",
  operands: "[name]",
  offers: ["any job"],
  summary: "write who was in a job, or in all, as a job file",
  options: [
    opt("-o, --output <path>", asText, "a new file, instead of standard output"),
    ...ASKING_OPTIONS,
  ],
  examples: [
    "fh job export build > b.ndjson  who was in it, for fh account -j",
    "fh job export web7:build > b.ndjson  that of another host (see fh fleet)",
  ],
  async run(context, [job], options): Promise<number> {
    const { exportMembers } = await import("./run.ts");
    return await exportMembers(context, job ?? null, options);
  },
});

/** The command. */
export const jobCommand: GroupSpec = {
  name: "job",
  summary: "keep groups of processes with all they start",
  actions: [
    create,
    add,
    remove,
    list,
    show,
    wait,
    kill,
    end,
    rename,
    exported,
    ruleActions,
  ],
};
