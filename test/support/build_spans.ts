/** A build, cut down: make with two jobs, one of which fails; a daemon is left. */
import type { Spans } from "../../src/report/span.ts";
import { HOSTILE_TEXTS, type SomeSpan, spansOf } from "./spans.ts";

const MS = 1_000_000;
const SH = { name: "sh", exe: "/usr/bin/dash", argv: ["/bin/sh", "-c", "gcc -c a.c"] };
const CC = { name: "cc1", exe: "/usr/libexec/gcc/cc1" };

/** The processes, in the order of their starts. */
const BUILD: readonly SomeSpan[] = [
  {
    ...{ id: "b007-10-100", parent: "b007-9-90", ppid: 9, end: 100 * MS, status: 512 },
    ...{ name: "make", exe: "/usr/bin/make", argv: ["make", "-j2"], jobs: ["build"] },
  },
  { ...SH, id: "b007-11-101", parent: "b007-10-100", ppid: 10, start: 10 * MS, end: 50 * MS },
  {
    ...{ id: "b007-12-101", parent: "b007-10-100", ppid: 10, start: 12 * MS, end: 90 * MS },
    ...{ ...SH, argv: ["/bin/sh", "-c", "gcc -c b.c"], status: 256 },
  },
  {
    ...{ ...CC, id: "b007-13-102", parent: "b007-11-101", ppid: 11, start: 15 * MS, end: 45 * MS },
    argv: ["/usr/libexec/gcc/cc1", "-quiet", "a.c"],
  },
  {
    ...{ ...CC, id: "b007-14-102", parent: "b007-12-101", ppid: 12, start: 20 * MS, end: 80 * MS },
    ...{ argv: ["/usr/libexec/gcc/cc1", "-quiet", "b.c"], status: 11, argvMore: 4096 },
  },
  {
    ...{ id: "b007-15-105", parent: "b007-11-101", ppid: 11, start: 46 * MS, end: null },
    ...{ status: null, cost: null, name: "daemon", argv: null, unit: "build.service" },
  },
  {
    ...{ id: "b007-16-~1", parent: null, ppid: null, start: -5 * MS, isStartKnown: false },
    ...{ status: 0, end: 20 * MS, name: "\x1b]0;x\x07;) \"'<", argv: HOSTILE_TEXTS, uid: null },
    ...{ user: null, exe: null, cwd: HOSTILE_TEXTS[4]!, container: "c0ffee" },
  },
];

/** The build, as it was saved. */
export function buildSpans(): Spans {
  const spans = BUILD.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
  return spansOf(spans, {
    title: "make -j2",
    lengthNs: 100 * MS,
    notes: ["2 events were lost at 08:00:00 (overflow)"],
    gaps: [{ since: 30 * MS, until: 31 * MS, reason: "overflow", lost: 2 }],
    run: { name: "make", argv: ["make", "-j2"], status: 2, root: "b007-10-100" },
  });
}
