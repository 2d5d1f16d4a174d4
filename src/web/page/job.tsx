/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * One job: its live account, its members, and what can be done with it.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import type { EndFields, JobFields, ProcessFields, SumFields } from "./answers.ts";
import { ask } from "./api.ts";
import { changed, confirmed } from "./confirm.tsx";
import { Failed, Figure, ProcessLink, useAnswer } from "./parts.tsx";
import { cpuText } from "./sums.ts";
import { bytesText, commandLine, countText, endText, isFailure, lengthText } from "./words.ts";

/** The answer to `job_show`. */
interface ShownJob extends JobFields {
  readonly commands: readonly (SumFields & { readonly command: string | null })[];
}

interface Member extends ProcessFields, EndFields {
  readonly running: boolean;
}

const AGAIN_MS = 1000;
const SIGNALS = ["TERM", "KILL", "INT", "HUP", "STOP", "CONT", "USR1", "USR2"];

/** The panel of a job. */
export function JobPanel({ job, mayChange, again }: {
  readonly job: string;
  readonly mayChange: boolean;
  again(): void;
}): VNode {
  const shown = useAnswer((signal) => ask<ShownJob>("job_show", { job }, signal), job, AGAIN_MS);
  const members = useAnswer(
    (signal) => ask<{ members: readonly Member[] }>("job_members", { job, limit: 200 }, signal),
    job,
    AGAIN_MS,
  );
  const { answer } = shown;
  return (
    <section class="panel view" aria-label="Job">
      <Failed error={shown.error} />
      {answer === null && shown.error === null && <p class="faint" role="status">Asking…</p>}
      {answer !== null && (
        <>
          <h2>{escapeText(answer.name)}</h2>
          <Account job={answer} />
          {mayChange && answer.ended === null && <Actions job={answer} again={again} />}
          <Commands rows={answer.commands} />
        </>
      )}
      {members.answer !== null && <Members members={members.answer.members} />}
    </section>
  );
}

function Account({ job }: { readonly job: ShownJob }): VNode {
  return (
    <div class="figures" role="group" aria-label="Account">
      <Figure value={countText(job.running)} of="run" />
      <Figure value={countText(job.members)} of="members so far" />
      <Figure value={countText(job.failed)} of="failed" isBad={job.failed > 0} />
      <Figure value={cpuText(job)} of="CPU of those that ended" />
      <Figure value={bytesText(job.peak_bytes)} of="memory at most, of one" />
      <Figure value={bytesText(job.write_bytes)} of="written" />
    </div>
  );
}

function Actions({ job, again }: { readonly job: ShownJob; again(): void }): VNode {
  const name = escapeText(job.name);
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const pids = String(new FormData(form).get("pids")).split(/[ ,]+/).filter((one) => one !== "");
    if (pids.length === 0) return;
    const params = { job: job.job, pids: pids.map(Number) };
    if (await changed("job_add", params, `Add to ${name}`) !== null) form.reset();
  };
  const rename = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const to = String(new FormData(form).get("to")).trim();
    if (to === "") return;
    const params = { job: job.job, name: to };
    if (await changed("job_rename", params, `Rename ${name}`) !== null) form.reset();
    again();
  };
  const kill = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const sig = String(new FormData(form).get("signal"));
    const words = `Send SIG${sig} to all ${job.running} members of ${name} that run?`;
    await confirmed("job_kill", { job: job.job, signal: sig }, words, `Send SIG${sig}`);
  };
  const end = async () => {
    const words = `End the job ${name}? Its ${job.running} members live on, in no job.`;
    await confirmed("job_end", { job: job.job }, words, "End the job");
    again();
  };
  return (
    <div class="row">
      <form class="row" onSubmit={add}>
        <label class="field">
          Pids, with what they started
          <input type="text" name="pids" autocomplete="off" inputMode="numeric" />
        </label>
        <button type="submit">Add</button>
      </form>
      <form class="row" onSubmit={rename}>
        <label class="field">
          New name
          <input type="text" name="to" autocomplete="off" maxLength={64} />
        </label>
        <button type="submit">Rename</button>
      </form>
      <form class="row" onSubmit={kill}>
        <label class="field">
          Signal
          <select name="signal">{SIGNALS.map((one) => <option key={one}>{one}</option>)}</select>
        </label>
        <button type="submit" class="bad">Send to all</button>
      </form>
      <button type="button" class="bad" onClick={end}>End the job</button>
    </div>
  );
}

function Commands({ rows }: { readonly rows: ShownJob["commands"] }): VNode | null {
  if (rows.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="What its commands cost">
      <table>
        <thead>
          <tr>
            <th scope="col">Command</th>
            <th scope="col" class="n">Ended</th>
            <th scope="col" class="n">Failed</th>
            <th scope="col" class="n">CPU</th>
            <th scope="col" class="n">Lived</th>
            <th scope="col" class="n">Memory</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.command}>
              <td>{escapeText(row.command ?? "?")}</td>
              <td class="n">{countText(row.processes)}</td>
              <td class={row.failed > 0 ? "n bad" : "n"}>{countText(row.failed)}</td>
              <td class="n">{cpuText(row)}</td>
              <td class="n">{lengthText(row.elapsed_ns)}</td>
              <td class="n">{bytesText(row.peak_bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Members({ members }: { readonly members: readonly Member[] }): VNode | null {
  if (members.length === 0) return <p class="faint">It has no members yet.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Members">
      <table>
        <thead>
          <tr>
            <th scope="col" class="n">PID</th>
            <th scope="col">Status</th>
            <th scope="col">Command</th>
          </tr>
        </thead>
        <tbody>
          {members.map((one) => (
            <tr key={one.id}>
              <td class="n">
                <ProcessLink id={one.id} pid={one.pid} />
              </td>
              <td class={isFailure(one) ? "bad" : ""}>{one.running ? "running" : endText(one)}</td>
              <td class="cmd">{commandLine(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
