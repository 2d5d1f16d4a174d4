/**
 * What stands on the screen of whoever calls fh and asks for nothing.
 *
 * @module
 */
import type { Overview, PastOverview } from "../ask/overview.ts";
import type { Users } from "../proc/passwd.ts";
import { escapeText, fitWidth } from "../text/escape.ts";
import { table, type TableStyle } from "../text/table.ts";
import { durationWords } from "../text/words.ts";
import { commandText } from "./line.ts";

/** Steps that are shown. */
const STEPS = 3;

/** How it is told. */
export interface OverviewStyle {
  readonly table: TableStyle;
  readonly columns: number;
  readonly users: Users;
  readonly version: string;
  /** The source that would be used, and what that sees. */
  readonly source: string;
  /** Nanoseconds since boot. */
  readonly now: number;
  timeOf(moment: number): string;
}

/** Its lines. */
export function overviewLines(overview: Overview, style: OverviewStyle): string[] {
  const { living, newest, history, steps } = overview;
  const { head } = style.table;
  const rows = table(newest, [
    ["PID", ({ pid }) => pid, true],
    ["USER", ({ uid }) => uid === null ? "?" : style.users.name(uid) ?? uid],
    ["AGE", ({ born }) => durationWords(Math.max(0, style.now - born)), true],
    ["COMMAND", ({ image }) => commandText(image)],
  ], style.table);
  const shown = steps.slice(0, STEPS);
  const width = Math.max(...shown.map(({ command }) => command.length));
  const isWide = width > style.columns / 2;
  return [
    head(`fh ${style.version}: what is started on this host, by whom, and what becomes of it`),
    ...[
      `Source   ${style.source}`,
      `History  ${historyWords(history, style)}`,
      ...wrongLines(history),
    ].map((line) => fitWidth(line, style.columns)),
    "",
    head(`${living} processes live; those that were started last:`),
    ...rows,
    "",
    head("Next:"),
    // What is to be typed is never cut.
    ...shown.flatMap(({ command, does }) =>
      isWide ? [`  ${command}`, `      ${does}`] : [`  ${command.padEnd(width)}  ${does}`]
    ),
    "",
    "fh --help has all commands.",
  ];
}

function historyWords(history: PastOverview | null, { timeOf }: OverviewStyle): string {
  if (history === null) return "none: what has ended is not known";
  const { place, lives, since, isRecording } = history;
  const from = since === null ? "" : ` since ${timeOf(since)}`;
  const now = isRecording ? "a recorder is at work" : "no recorder is at work";
  return `${lives} processes${from}, ${now}: ${escapeText(place)}`;
}

/** Without a recorder nothing was looked for. */
function wrongLines(history: PastOverview | null): string[] {
  const { findings = 0 } = history ?? {};
  return findings === 0 ? [] : [`Wrong    ${findings} findings in the last hour`];
}
