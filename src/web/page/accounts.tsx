/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What commands, users, units and jobs have cost: a table, a curve over time, and CSV.
 *
 * @module
 */
import type { VNode } from "preact";
import { csvTable } from "../../text/csv.ts";
import type { SumFields } from "./answers.ts";
import { ask, type Note, type Params } from "./api.ts";
import { Curve } from "./curve.tsx";
import { Failed, Notes, TextField, useAnswer, ViewHead } from "./parts.tsx";
import { replaceParams, route } from "./route.ts";
import { cpuOf, keyText } from "./sums.ts";
import { bytesText, countText, lengthText } from "./words.ts";

/** A row: sums, and what they are of under the name of the key. */
type Row = SumFields & Readonly<Record<string, unknown>>;

const KEYS = [
  ...["command", "parent", "user", "unit", "container", "exit", "job", "job-name"] as const,
] as const;
const SINCE = "1h ago";
const ROWS_MAX = 200;
const COLUMNS = ["processes", "failed", "cpu", "elapsed", "memory", "written"] as const;
type Column = typeof COLUMNS[number];

const VALUES: Readonly<Record<Column, (row: Row) => number>> = {
  processes: ({ processes }) => processes,
  failed: ({ failed }) => failed,
  cpu: (row) => cpuOf(row) ?? -1,
  elapsed: ({ elapsed_ns }) => elapsed_ns ?? -1,
  memory: ({ peak_bytes }) => peak_bytes ?? -1,
  written: ({ write_bytes }) => write_bytes ?? -1,
};

const TITLES: Readonly<Record<Column, string>> = {
  processes: "Ended",
  failed: "Failed",
  cpu: "CPU",
  elapsed: "Lived",
  memory: "Memory",
  written: "Written",
};

/** The view. */
export function AccountsView(): VNode {
  const { by: chosen = "", since = "", until = "", comm = "", user = "" } = route.value.params;
  const sort = COLUMNS.find((one) => one === route.value.params["sort"]) ?? "cpu";
  const by = KEYS.find((key) => key === chosen) ?? "command";
  const filter = { ...comm ? { comm } : {}, ...user ? { user } : {} };
  const asked: Params = { by, filter, since: since || SINCE, ...until ? { until } : {} };
  const key = JSON.stringify(asked);
  const { answer, error } = useAnswer(
    (signal) => ask<{ rows: readonly Row[]; notes: readonly Note[] }>("account", asked, signal),
    key,
    until === "" ? 15_000 : null,
  );
  const rows = [...answer?.rows ?? []].sort((a, b) => VALUES[sort](b) - VALUES[sort](a));
  return (
    <>
      <ViewHead title="Accounts" />
      <Choices by={by} />
      <Failed error={error} />
      <Notes notes={answer?.notes} />
      <Curve by={by} filter={filter} since={since || SINCE} until={until} />
      <div class="row">
        <button type="button" disabled={rows.length === 0} onClick={() => download(by, rows)}>
          Save as CSV
        </button>
      </div>
      <Table by={by} rows={rows.slice(0, ROWS_MAX)} sort={sort} />
      {rows.length > ROWS_MAX && (
        <p class="faint">and {countText(rows.length - ROWS_MAX)} more, which the CSV has, too</p>
      )}
    </>
  );
}

function Choices({ by }: { readonly by: string }): VNode {
  const { params } = route.value;
  const fields: readonly (readonly [string, string, string])[] = [
    ["since", "Since", SINCE],
    ["until", "Until", "now"],
    ["comm", "Name (glob)", "gcc*"],
    ["user", "User", "www-data"],
  ];
  return (
    <form class="row" onSubmit={(event) => event.preventDefault()}>
      <label class="field">
        By
        <select
          name="by"
          value={by}
          onChange={(event) => replaceParams({ by: event.currentTarget.value })}
        >
          {KEYS.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </label>
      {fields.map(([name, label, placeholder]) => (
        <TextField
          key={name}
          name={name}
          label={label}
          placeholder={placeholder}
          value={params[name] ?? ""}
          onChange={(value) => replaceParams({ [name]: value })}
        />
      ))}
    </form>
  );
}

function Table({ by, rows, sort }: {
  readonly by: string;
  readonly rows: readonly Row[];
  readonly sort: Column;
}): VNode {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Accounts">
      <table>
        <thead>
          <tr>
            <th scope="col">{by}</th>
            {COLUMNS.map((one) => (
              <th
                scope="col"
                class="n"
                key={one}
                aria-sort={one === sort ? "descending" : undefined}
              >
                <button type="button" onClick={() => replaceParams({ sort: one })}>
                  {TITLES[one]}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              <td class="cmd">{keyText(by, row)}</td>
              <td class="n">{countText(row.processes)}</td>
              <td class={row.failed > 0 ? "n bad" : "n"}>{countText(row.failed)}</td>
              <td class="n">{lengthText(cpuOf(row))}</td>
              <td class="n">{lengthText(row.elapsed_ns)}</td>
              <td class="n">{bytesText(row.peak_bytes)}</td>
              <td class="n">{bytesText(row.write_bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function download(by: string, rows: readonly Row[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([...csvTable(rows, asIs)], { type: "text/csv" }));
  link.download = `fh-account-by-${by}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** In a file names stay what they are, as `fh account --csv` has them. */
function asIs(text: string): string {
  return text;
}
