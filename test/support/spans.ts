/** Spans that are made up. */
import type { Frame, Span, SpanCost, SpanImage, Spans } from "../../src/report/span.ts";

/** Texts that a process may have chosen to do harm in some format. */
export const HOSTILE_TEXTS: readonly string[] = [
  "\x1b]0;title\x07\x1b[31m",
  "line\nbreak\r\ttab",
  `"quoted" 'single' \`back\` \\ /`,
  "a;b;c 12",
  "</script><script>alert(1)</script><!--",
  "=cmd|' /C calc'!A0",
  ") (x) ]]> %s ${x} #{y}",
  "\ufffd\u202egnp.exe\u2028",
  "",
];

const COST: SpanCost = {
  user_ns: 2_000_000,
  system_ns: 1_000_000,
  minor_faults: 3,
  major_faults: 4,
  peak_bytes: 5 << 20,
  read_bytes: 6,
  write_bytes: 7,
  voluntary_switches: 8,
  involuntary_switches: 9,
};

/** What of a span differs from a plain one. */
export type SomeSpan = Partial<Span> & Partial<SpanImage> & Pick<Span, "id">;

/** A span that runs `prog` for 10 ms, with what differs. */
export function spanOf(some: SomeSpan): Span {
  const { name, argv, argvMore, exe, cwd, unit, container, ...more } = {
    ...{ name: "prog", argv: ["prog", "-x"], argvMore: 0, exe: "/bin/prog", cwd: "/src" },
    ...{ unit: null, container: null },
    ...some,
  };
  const image = { name, argv, argvMore, exe, cwd, unit, container };
  return {
    parent: null,
    pid: Number(some.id.split("-")[1]),
    ppid: null,
    host: "box",
    start: 0,
    isStartKnown: true,
    end: 10_000_000,
    status: 0,
    uid: 1000,
    user: "ann",
    jobs: [],
    cost: COST,
    image,
    ...more,
  };
}

/** A frame around them, which began at 2026-11-30T08:00:00.5Z. */
export function spansOf(spans: readonly SomeSpan[], frame: Partial<Frame> = {}): Spans {
  return {
    frame: {
      title: "make",
      host: "box",
      originMs: 1_796_025_600_500,
      lengthNs: 20_000_000,
      cpus: 4,
      source: "connector",
      accounts: "taskstats",
      gaps: [],
      notes: [],
      run: null,
      ...frame,
    },
    spans: spans.map(spanOf),
  };
}
