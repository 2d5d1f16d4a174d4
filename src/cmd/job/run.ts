/**
 * What `fh job` does.
 *
 * @module
 */
import { suggest } from "../../ask/text/suggest.ts";
import { parsePid, quoted } from "../../ask/text/values.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { EXIT, Stopped, UsageError } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import type { Fields } from "../../serve/protocol.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import { type JobRow, renderJobs, renderRules, type RuleRow } from "../../view/jobs.ts";
import { JOB_ACTIONS, type JobAction } from "./command.ts";
import { type JobDoor, listJobs, openJobs, openRecorder } from "./door.ts";
import { exportJobs } from "./export.ts";
import { killJob } from "./kill.ts";
import { showJob } from "./show.ts";
import { waitForJob } from "./wait.ts";

/** What the command line asks for. */
export interface JobOptions {
  readonly only?: boolean;
  readonly all?: boolean;
  readonly watch?: boolean;
  readonly signal?: string;
  readonly output?: string;
  readonly exe?: readonly string[];
  readonly match?: readonly string[];
  readonly user?: readonly string[];
  readonly cgroup?: readonly string[];
  readonly unit?: readonly string[];
  readonly socket?: string;
  readonly db?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: "auto" | "always" | "never";
}

const CONDITIONS = ["exe", "match", "user", "cgroup", "unit"] as const;

/** Options that are of some actions only. */
const OPTIONS_OF: Readonly<Record<string, readonly JobAction[]>> = {
  only: ["add", "remove"],
  all: ["list"],
  watch: ["show"],
  signal: ["kill"],
  output: ["export"],
  ...Object.fromEntries(CONDITIONS.map((name) => [name, ["rule add"] as const])),
};

/** Those that a history can answer as well as a recorder. */
const OF_HISTORY: readonly JobAction[] = ["list", "show", "export"];

/** A call, its operands counted. */
interface Call {
  readonly context: Context;
  readonly door: JobDoor;
  readonly operands: readonly string[];
  readonly options: JobOptions;
}

const DO: Readonly<Record<JobAction, (call: Call) => Promise<number>>> = {
  "create": (call) =>
    tell(call, "job_create", { name: call.operands[0] }, ({ name }) => {
      return `created ${name}`;
    }),
  "add": (call) =>
    tell(call, "job_add", membersOf(call), ({ name, added, running }) => {
      return `added ${added} to ${name}, which has ${running} now`;
    }),
  "remove": (call) =>
    tell(call, "job_remove", membersOf(call), ({ name, removed, running }) => {
      return `removed ${removed} from ${name}, which has ${running} now`;
    }),
  "list": list,
  "show": ({ context, door, operands, options }) => showJob(context, door, operands[0]!, options),
  "wait": ({ context, door, operands, options }) => {
    return waitForJob(context, door, operands[0]!, options);
  },
  "kill": ({ context, door, operands, options }) => killJob(context, door, operands[0]!, options),
  "end": (call) =>
    tell(call, "job_end", { job: call.operands[0] }, ({ name, left }) => {
      return `ended ${name}; ${left} members live on`;
    }),
  "rename": (call) => {
    const [job, name] = call.operands;
    return tell(call, "job_rename", { job, name }, (fields) => `${job} is ${fields["name"]} now`);
  },
  "export": ({ context, door, operands, options }) => {
    return exportJobs(context, door, operands[0] ?? null, options);
  },
  "rule add": addRule,
  "rule list": listRules,
  "rule remove": (call) => {
    const rule = Number(call.operands[0]);
    if (!Number.isInteger(rule)) {
      throw new UsageError(`Bad rule: ${call.operands[0]}; give its number`);
    }
    return tell(call, "rule_remove", { rule }, ({ job }) => `removed rule ${rule} of ${job}`);
  },
  "rule test": testRules,
};

/** Runs the command; the exit status comes back. */
export async function runJob(
  context: Context,
  given: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const [action, operands] = readAction(given);
  checkOperands(action, operands);
  checkOptions(action, options);
  const isPast = OF_HISTORY.includes(action);
  if (!isPast && options["db"] !== undefined) {
    throw new UsageError(`Bad options: job ${action} with --db; only a recorder can do that`);
  }
  const door = await (isPast ? openJobs : openRecorder)(context, options);
  try {
    return await DO[action]({ context, door, operands, options });
  } finally {
    door.close();
  }
}

function readAction([first = "", ...rest]: readonly string[]): [JobAction, readonly string[]] {
  if (first === "rule") {
    const [second = "", ...operands] = rest;
    const action = `rule ${second}`;
    if (action in JOB_ACTIONS) return [action as JobAction, operands];
    throw new UsageError(
      `Unknown action: ${escapeText(action)}; give rule add, list, remove or test`,
    );
  }
  if (Object.hasOwn(JOB_ACTIONS, first) && !first.includes(" ")) return [first as JobAction, rest];
  const names = Object.keys(JOB_ACTIONS).filter((name) => !name.includes(" "));
  const meant = suggest(first, [...names, "rule"]);
  const advice = meant === null ? "see fh job --help" : `did you mean ${meant}?`;
  throw new UsageError(`Unknown action: ${escapeText(quoted(first))}; ${advice}`);
}

function checkOperands(action: JobAction, operands: readonly string[]): void {
  const wanted = JOB_ACTIONS[action].split(" ").filter((word) => word !== "");
  const least = wanted.filter((word) => !word.startsWith("[")).length;
  const most = wanted.some((word) => word.endsWith("...")) ? Infinity : wanted.length;
  if (operands.length >= least && operands.length <= most) return;
  const how = operands.length < least ? "Missing" : "Too many";
  throw new UsageError(`${how} operands: fh job ${action} ${JOB_ACTIONS[action]}`.trimEnd());
}

function checkOptions(action: JobAction, options: JobOptions): void {
  for (const [name, actions] of Object.entries(OPTIONS_OF)) {
    if (options[name as keyof JobOptions] === undefined || actions.includes(action)) continue;
    throw new UsageError(
      `Bad options: job ${action} with --${name}; that is for ${actions.join(", ")}`,
    );
  }
}

function membersOf({ operands: [job, ...pids], options: { only = false } }: Call): Fields {
  return { job, pids: pids.map(parsePid), only };
}

/** Asks for something to be done, and says what was. */
async function tell(
  { context, door, options }: Call,
  op: string,
  params: Fields,
  words: (answer: Fields) => string,
): Promise<number> {
  const answer = await door.ask(op, params);
  if (options.json) context.stdout.write(`${jsonText(answer)}\n`);
  else if (!options.quiet) context.stderr.write(`fh: ${escapeText(words(answer))}\n`);
  return EXIT.done;
}

async function list({ context, door, options }: Call): Promise<number> {
  const found: JobRow[] = [];
  for await (const job of listJobs(door, options.all ?? false)) {
    if (context.signal.aborted) throw new Stopped(String(context.signal.reason));
    found.push(job as unknown as JobRow);
  }
  const none = options.all ? "no jobs" : "no open jobs; --all shows those that have ended";
  return show(context, options, found, (head) => renderJobs(found, head, localTime), none);
}

async function listRules({ context, door, options }: Call): Promise<number> {
  const { rules } = await door.ask("rule_list", {});
  const found = rules as RuleRow[];
  return show(context, options, found, (head) => renderRules(found, head), "no rules");
}

/** Rows as JSON lines or as a table. */
function show(
  context: Context,
  { json, quiet, color = "auto" }: JobOptions,
  rows: readonly unknown[],
  render: (head: (text: string) => string) => string[],
  none: string,
): number {
  const { stdout, stderr, env } = context;
  if (json) {
    for (const row of rows) stdout.write(`${jsonText(row)}\n`);
  } else if (rows.length === 0) {
    if (!quiet) stderr.write(`fh: ${none}\n`);
  } else {
    const colored = useColor(color, stdout, env);
    const lines = render((text) => paint(text, "bold", colored));
    stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  return EXIT.done;
}

function addRule(call: Call): Promise<number> {
  const { operands: [job], options } = call;
  const filter = Object.fromEntries(
    CONDITIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
  if (Object.keys(filter).length === 0) {
    const names = CONDITIONS.map((name) => `--${name}`).join(", ");
    throw new UsageError(`Missing condition: a rule for ${job}; give one or more of ${names}`);
  }
  return tell(call, "rule_add", { job, filter }, ({ rule, added }) => {
    return `rule ${rule} of ${job}; added ${added} that run`;
  });
}

async function testRules({ context, door, operands, options }: Call): Promise<number> {
  const pid = parsePid(operands[0]!);
  const answer = await door.ask("rule_test", { pid });
  const rules = answer["rules"] as readonly { rule: number; job: string }[];
  const jobs = answer["jobs"] as readonly string[];
  if (options.json) {
    context.stdout.write(`${jsonText(answer)}\n`);
  } else {
    const inJobs = jobs.length === 0 ? "in no job" : `in ${jobs.join(", ")}`;
    const lines = [`${pid} ${answer["comm"] ?? "?"}: ${inJobs}`];
    for (const { rule, job } of rules) lines.push(`rule ${rule} puts it into ${job}`);
    if (rules.length === 0) lines.push("no rule is for it");
    context.stdout.write(lines.map((line) => `${escapeText(line)}\n`).join(""));
  }
  if (rules.length > 0) return EXIT.done;
  return EXIT.failed;
}
