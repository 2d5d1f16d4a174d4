/**
 * Spans as a table, CSV of RFC 4180. A text that a spreadsheet would take for a formula has a `'`
 * in front, and what a terminal would act on stands as `\x1b`.
 *
 * @module
 */
import { FIGURES } from "../model/account.ts";
import { exitStatus } from "../model/process.ts";
import { csvHead, csvLine } from "../text/csv.ts";
import { escapeText } from "../text/escape.ts";
import { WallClock } from "../text/time.ts";
import { signalName } from "../text/words.ts";
import type { Span, Spans } from "./span.ts";
import { commandOf } from "./words.ts";

const MS_PER_S = 1000;
const NS_PER_MS = 1e6;

/** The lines, each with its end. */
export function* csv({ frame, spans }: Spans): Generator<string> {
  const { originMs } = frame;
  const seconds = Math.floor(originMs / MS_PER_S);
  const epoch = { seconds, ns: Math.round((originMs - seconds * MS_PER_S) * NS_PER_MS) };
  const clock = new WallClock();
  const moment = (ns: number | null) => ns === null ? null : clock.utc(epoch, ns);
  yield csvHead(fieldsOf(EMPTY, moment));
  for (const span of spans) yield csvLine(fieldsOf(span, moment), escapeText);
}

function fieldsOf(
  span: Span,
  moment: (ns: number | null) => string | null,
): [name: string, value: string | number | null][] {
  const { start, end, image, cost } = span;
  const { code, signal } = exitStatus(span.status);
  return [
    ["id", span.id],
    ["parent", span.parent],
    ["pid", span.pid],
    ["ppid", span.ppid],
    ["host", span.host],
    ["started", moment(span.isStartKnown ? start : null)],
    ["ended", moment(end)],
    ["duration_ns", end === null || !span.isStartKnown ? null : end - start],
    ["exit_code", code],
    ["signal", signal === null ? null : signalName(signal)],
    ["uid", span.uid],
    ["user", span.user],
    ["unit", image.unit],
    ["container", image.container],
    ["jobs", span.jobs.join("+")],
    ["comm", image.name],
    ["exe", image.exe],
    ["cwd", image.cwd],
    ["command", commandOf(image)],
    ...FIGURES.map(({ json }): [string, number | null] => {
      return [json, cost === null ? null : cost[json as keyof typeof cost]];
    }),
  ];
}

/** What has the names of all columns. */
const EMPTY: Span = {
  id: "",
  parent: null,
  pid: 0,
  ppid: null,
  host: "",
  start: 0,
  isStartKnown: false,
  end: null,
  status: null,
  uid: null,
  user: null,
  jobs: [],
  image: {
    name: null,
    argv: null,
    argvMore: 0,
    exe: null,
    cwd: null,
    unit: null,
    container: null,
  },
  cost: null,
};
