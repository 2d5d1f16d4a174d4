/**
 * What the actions of `fh job rule` do.
 *
 * @module
 */
import { livingPid } from "../living_pid.ts";
import type { Context } from "../../cli/command.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { renderRules, type RuleRow } from "../../view/jobs.ts";
import type { JobOptions } from "./options.ts";
import { report, showRows, withRecorder } from "./order.ts";
import { CONDITIONS, type RuleOptions } from "./rule.ts";

/** `fh job rule add`. */
export function addRule(context: Context, job: string, options: RuleOptions): Promise<number> {
  return withRecorder(context, "rule add", options, async (door) => {
    const given = CONDITIONS.filter((name) => options[name] !== undefined);
    if (given.length === 0) {
      const names = CONDITIONS.map((name) => `--${name}`).join(", ");
      throw new UsageError(`Missing condition: a rule for ${job}; give one or more of ${names}`);
    }
    const filter = Object.fromEntries(given.map((name) => [name, options[name]]));
    const answer = await door.ask("rule_add", { job, filter });
    const what = `rule ${answer["rule"]} of ${job}; added ${answer["added"]} that run`;
    return report(context, options, answer, what);
  });
}

/** `fh job rule list`. */
export function listRules(context: Context, options: JobOptions): Promise<number> {
  return withRecorder(context, "rule list", options, async (door) => {
    const { rules } = await door.ask("rule_list", {});
    const found = rules as RuleRow[];
    return showRows(context, options, found, (style) => renderRules(found, style), "no rules");
  });
}

/** `fh job rule remove`. */
export function removeRule(context: Context, text: string, options: JobOptions): Promise<number> {
  return withRecorder(context, "rule remove", options, async (door) => {
    const rule = Number(text);
    if (!Number.isInteger(rule)) throw new UsageError(`Bad rule: ${text}; give its number`);
    const answer = await door.ask("rule_remove", { rule });
    return report(context, options, answer, `removed rule ${rule} of ${answer["job"]}`);
  });
}

/** `fh job rule test`; status 1 where no rule is for the process. */
export function testRules(context: Context, text: string, options: JobOptions): Promise<number> {
  return withRecorder(context, "rule test", options, async (door) => {
    const pid = await livingPid(context, text, options.quiet);
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
    return rules.length > 0 ? EXIT.done : EXIT.failed;
  });
}
