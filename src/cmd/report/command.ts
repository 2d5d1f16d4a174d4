/**
 * `fh report`: what ran, as a file for people who look and for the viewers of others.
 *
 * @module
 */
import { parseChoice } from "../../ask/text/values.ts";
import { command, type CommandSpec, type GroupSpec } from "../../cli/command.ts";
import { FILTER } from "../../cli/filter_options.ts";
import { asText, opt } from "../../cli/option.ts";
import { type Format, FORMATS } from "../../report/formats.ts";
import { WEIGHTS } from "../../report/weights.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { diffCommand } from "./diff_command.ts";

const WHICH = [
  FILTER.pid,
  opt("--job <name>", asText, "what was in a job, open or ended", "any job"),
  opt("--since <when>", asText, "what lived from that time on (default: one hour)"),
  opt("--until <when>", asText, "what lived up to that time"),
  opt("--run <file>", asText, "what fh run --save or fh report json has written there"),
  FILTER.user,
  FILTER.comm,
  FILTER.match,
  { ...FILTER.failed, description: "only what failed" },
  { ...FILTER.minDuration, description: "only what lived at least that long" },
  FILTER.cgroup,
  ...FLEET_OPTIONS,
  opt("-o, --output <file>", asText, "write there, not to standard output"),
] as const;
const WEIGHT = opt(
  "--weight <what>",
  parseChoice("weight", WEIGHTS),
  "what is shown first: wall, cpu, count or failures (default: wall)",
  WEIGHTS,
);
const ENDPOINT = opt(
  "--endpoint <url>",
  asText,
  "send it there: http://collector:4318 (default: OTEL_EXPORTER_OTLP_ENDPOINT)",
);

/** What each format is good for; where nothing else is said, it is of the last hour. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  html: ["fh report html --job build -o build.html  a job"],
  perfetto: ["fh report perfetto -o hour.pftrace  the last hour"],
  folded: ["fh report folded --weight cpu | flamegraph.pl > cpu.svg  a picture"],
  otlp: ["fh report otlp --endpoint http://localhost:4318  send them"],
  dot: ["fh report dot -p 4711 | dot -Tsvg > tree.svg  below a process"],
  csv: ["fh report csv --since today --failed -o failed.csv  what failed"],
  json: ["fh report json -p 4711 | jq -c .argv  for scripts"],
};

/** The command that writes a format. */
function actionOf(format: Format): CommandSpec {
  const { name, about, endings } = format;
  const example = `fh report ${name} -o hour${endings[0]}  the last hour`;
  const spec = {
    name,
    operands: "" as const,
    summary: about,
    examples: EXAMPLES[name] ?? [example],
  };
  const run = async (...[context, , options]: Parameters<CommandSpec["run"]>) => {
    const { runReport } = await import("./run.ts");
    return await runReport(context, format, options);
  };
  if (name === "otlp") return command({ ...spec, options: [...WHICH, ENDPOINT], run });
  if (!format.hears.includes("weight")) return command({ ...spec, options: WHICH, run });
  return command({ ...spec, options: [...WHICH, WEIGHT], run });
}

/** The command; each format is an action of it. */
export const reportCommand: GroupSpec = {
  name: "report",
  summary: "draw what ran: for browsers, trace viewers, tables",
  actions: [...FORMATS.map(actionOf), diffCommand],
};
