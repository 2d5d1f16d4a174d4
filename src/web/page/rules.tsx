/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Rules: what they say is put into a job as soon as it execs.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import { ask } from "./api.ts";
import { changed, confirmed } from "./confirm.tsx";
import { Failed, useAnswer } from "./parts.tsx";

interface RuleFields {
  readonly rule: number;
  readonly job: string;
  readonly user: string | null;
  readonly uid: number;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly used: boolean;
}

const AGAIN_MS = 5000;
const FILTERS = ["comm", "exe", "match", "user", "unit", "cgroup"];

/** Rules, and a form for another. */
export function RulesPanel({ mayChange }: { readonly mayChange: boolean }): VNode {
  const { answer, error, again } = useAnswer(
    (signal) => ask<{ rules: readonly RuleFields[] }>("rule_list", {}, signal),
    "",
    AGAIN_MS,
  );
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const [job, what, value] = ["job", "what", "value"].map((name) =>
      String(data.get(name)).trim()
    );
    if (!job || !value) return;
    const filter = { [what!]: value };
    if (await changed("rule_add", { job, filter }, `Rule for ${job}`) !== null) form.reset();
    again();
  };
  const remove = async ({ rule, job }: RuleFields) => {
    const words = `Remove rule ${rule}, which feeds the job ${escapeText(job)}?`;
    await confirmed("rule_remove", { rule }, words, "Remove the rule");
    again();
  };
  return (
    <section class="panel view" aria-label="Rules">
      <h2>Rules</h2>
      <Failed error={error} />
      {answer?.rules.length === 0 && <p class="faint">There are no rules.</p>}
      <ul class="chain">
        {answer?.rules.map((one) => (
          <li key={one.rule}>
            {escapeText(one.job)}: <code>{escapeText(JSON.stringify(one.filter))}</code>
            {one.used ? "" : " (not used: its filter cannot be understood any more)"}{" "}
            {mayChange && (
              <button type="button" class="bad" onClick={() => remove(one)}>
                Remove rule {one.rule}
              </button>
            )}
          </li>
        ))}
      </ul>
      {mayChange && <RuleForm add={add} />}
    </section>
  );
}

function RuleForm({ add }: { add(event: SubmitEvent): void }): VNode {
  return (
    <form class="row" onSubmit={add}>
      <label class="field">
        What
        <select name="what">{FILTERS.map((one) => <option key={one}>{one}</option>)}</select>
      </label>
      <label class="field">
        is
        <input type="text" name="value" autocomplete="off" spellcheck={false} />
      </label>
      <label class="field">
        goes into the job
        <input type="text" name="job" autocomplete="off" maxLength={64} />
      </label>
      <button type="submit">Add a rule</button>
    </form>
  );
}
