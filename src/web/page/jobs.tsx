/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Jobs: groups of processes, what they cost, and what can be done with them.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import type { JobFields } from "./answers.ts";
import { about, places } from "./about.ts";
import { ask } from "./api.ts";
import { changed } from "./confirm.tsx";
import { chooseHost } from "./host_choice.ts";
import { JobPanel } from "./job.tsx";
import { Failed, useAnswer, ViewHead } from "./parts.tsx";
import { replaceParams, route, withParams } from "./route.ts";
import { routeText } from "./routes.ts";
import { RulesPanel } from "./rules.tsx";
import { cpuText } from "./sums.ts";
import { countText, momentText } from "./words.ts";

const AGAIN_MS = 2000;

/** The view. */
export function JobsView(): VNode {
  const { job = "", all = "" } = route.value.params;
  // Until it is known that something may be changed, nothing is offered.
  const reason = about.value === null ? "" : about.value.unchanging;
  const { answer, error, again } = useAnswer(
    (signal) => ask<{ jobs: readonly JobFields[] }>("job_list", { all: all === "1" }, signal),
    all,
    AGAIN_MS,
  );
  return (
    <>
      <ViewHead title="Jobs" />
      {reason !== null && reason !== "" && (
        <p class="note">Nothing can be changed here: {reason}.</p>
      )}
      {reason === null && <CreateForm again={again} />}
      <label class="check">
        <input
          type="checkbox"
          checked={all === "1"}
          onChange={(event) => replaceParams({ all: event.currentTarget.checked ? "1" : "" })}
        />
        those that have ended, too
      </label>
      <Failed error={error} />
      {answer !== null && <JobTable jobs={answer.jobs} chosen={job} />}
      {job !== "" && <JobPanel job={job} again={again} mayChange={reason === null} />}
      {places().live && <RulesPanel mayChange={reason === null} />}
    </>
  );
}

function CreateForm({ again }: { again(): void }): VNode {
  const create = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("name")).trim();
    if (name === "") return;
    const made = await changed<JobFields>("job_create", { name }, `Create ${name}`);
    if (made === null) return;
    form.reset();
    replaceParams({ job: String(made.job) });
    again();
  };
  return (
    <form class="row" onSubmit={create}>
      <label class="field">
        Name of a new job
        <input type="text" name="name" autocomplete="off" maxLength={64} />
      </label>
      <button type="submit">Create</button>
    </form>
  );
}

function JobTable({ jobs, chosen }: {
  readonly jobs: readonly JobFields[];
  readonly chosen: string;
}): VNode {
  if (jobs.length === 0) return <p class="faint">There are no jobs.</p>;
  const hasHost = jobs.some(({ host }) => host !== undefined);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Jobs">
      <table>
        <thead>
          <tr>
            {hasHost && <th scope="col">Host</th>}
            <th scope="col">Job</th>
            <th scope="col" class="hide">Owner</th>
            <th scope="col" class="n">Running</th>
            <th scope="col" class="n">Members</th>
            <th scope="col" class="n">Failed</th>
            <th scope="col" class="n">CPU</th>
            <th scope="col" class="hide">Since</th>
            <th scope="col" class="hide">Ended</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((one) => (
            <tr
              key={`${one.host ?? ""} ${one.job}`}
              class={String(one.job) === chosen ? "chosen" : ""}
            >
              {hasHost && <td>{escapeText(one.host ?? "")}</td>}
              <td>
                <a
                  href={routeText(withParams({ job: String(one.job) }))}
                  onClick={() => one.host !== undefined && chooseHost(one.host)}
                >
                  {escapeText(one.name)}
                </a>
              </td>
              <td class="hide">{escapeText(one.user ?? String(one.uid))}</td>
              <td class="n">{countText(one.running)}</td>
              <td class="n">{countText(one.members)}</td>
              <td class={one.failed > 0 ? "n bad" : "n"}>{countText(one.failed)}</td>
              <td class="n">{cpuText(one)}</td>
              <td class="hide">{momentText(one.started)}</td>
              <td class="hide">{one.ended === null ? "open" : momentText(one.ended)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
