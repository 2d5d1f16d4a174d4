/**
 * The formats of reports: each is a function of spans in a file of its own, loaded when it is asked
 * for.
 *
 * @module
 */
import type { Weight } from "./weights.ts";
import type { Spans } from "./span.ts";

/** What can be chosen about a format. */
export interface FormatSettings {
  /** What stacks weigh, or weigh first. */
  readonly weight: Weight;
  /** When it is written, milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A part of a report: text, or bytes where the format is no text. */
export type Piece = string | Uint8Array;

/** One format. */
export interface Format {
  readonly name: string;
  /** What it is for, in a few words. */
  readonly about: string;
  /** Ends of the names of files that are of it; the first is the usual one. */
  readonly endings: readonly string[];
  /** No text: nothing for a terminal. */
  readonly isBinary: boolean;
  /** It is written a process a piece: so it is known how much is still to be written. */
  readonly isBySpan?: true;
  /** What is heard of FormatSettings. */
  readonly hears: readonly (keyof FormatSettings)[];
  /**
   * The report, piece by piece: all of it may be more than memory has room for. Empty pieces are
   * pauses in long work.
   */
  write(spans: Spans, settings: FormatSettings): Promise<Iterable<Piece>>;
}

const TEXT = { isBinary: false, hears: [] } as const;
const BINARY = { isBinary: true, hears: [] } as const;

/** All of them. */
export const FORMATS: readonly Format[] = [
  {
    ...TEXT,
    name: "html",
    about: "a page for a browser: timeline, flame graph, tables, hints",
    endings: [".html", ".htm"],
    hears: ["now"],
    write: async (spans, { now }) => (await import("./html.ts")).htmlPieces(spans, now),
  },
  {
    ...BINARY,
    name: "perfetto",
    about: "a trace for ui.perfetto.dev: tracks nested like the tree",
    endings: [".pftrace", ".perfetto-trace"],
    write: async (spans) => (await import("./perfetto.ts")).perfetto(spans),
  },
  {
    ...TEXT,
    name: "chrome",
    about: "Trace Event JSON, for about:tracing and many other viewers",
    endings: [".trace.json"],
    write: async (spans) => (await import("./chrome.ts")).chrome(spans),
  },
  {
    ...TEXT,
    name: "folded",
    about: "stacks with what they weigh, for flamegraph.pl and others",
    endings: [".folded"],
    hears: ["weight"],
    write: async (spans, { weight }) => (await import("./folded.ts")).folded(spans, weight),
  },
  {
    ...TEXT,
    name: "speedscope",
    about: "the same for speedscope.app, with all weights",
    endings: [".speedscope.json"],
    hears: ["weight"],
    write: async (spans, { weight }) => (await import("./speedscope.ts")).speedscope(spans, weight),
  },
  {
    ...BINARY,
    name: "pprof",
    about: "the same for pprof, with all weights",
    endings: [".pb.gz", ".pprof"],
    hears: ["weight"],
    write: async (spans, { weight }) => (await import("./pprof.ts")).pprof(spans, weight),
  },
  {
    ...TEXT,
    name: "otlp",
    about: "spans of OpenTelemetry, sent to a collector or as JSON",
    endings: [".otlp.json"],
    write: async (spans) => (await import("./otlp.ts")).otlpJson(spans),
  },
  {
    ...TEXT,
    name: "dot",
    about: "the tree, for Graphviz",
    endings: [".dot", ".gv"],
    write: async (spans) => (await import("./dot.ts")).dot(spans),
  },
  {
    ...TEXT,
    name: "mermaid",
    about: "the tree, for Mermaid in Markdown",
    endings: [".mmd"],
    write: async (spans) => (await import("./mermaid.ts")).mermaid(spans),
  },
  {
    ...TEXT,
    isBySpan: true,
    name: "csv",
    about: "a table of the processes, for spreadsheets",
    endings: [".csv"],
    write: async (spans) => (await import("./csv.ts")).csv(spans),
  },
  {
    ...TEXT,
    isBySpan: true,
    name: "json",
    about: "a line of JSON for each process, which fh reads again by --run",
    endings: [".jsonl", ".ndjson"],
    write: async (spans) => (await import("./run_file.ts")).runLines(spans),
  },
];

/** The format of a file by the end of its name; null where that says nothing. */
export function formatOfFile(path: string): Format | null {
  const name = path.toLowerCase();
  return FORMATS.find(({ endings }) => endings.some((end) => name.endsWith(end))) ?? null;
}
