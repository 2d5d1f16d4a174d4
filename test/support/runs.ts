/** Runs of made-up scripts. */
import type { Spans } from "../../src/report/span.ts";
import { type SomeSpan, spansOf } from "./spans.ts";

/** Nanoseconds in a millisecond. */
export const MS = 1_000_000;

/** What a command of a run is: its words, how long it runs, and how often. */
export type Step = readonly [command: string, ms: number, times?: number];

/** A script that runs steps one after the other; its processes are numbered from `pid` on. */
export function runOf(steps: readonly Step[], pid = 100): Spans {
  const spans: SomeSpan[] = [];
  const root = `b-${pid}-1`;
  let [at, next] = [1 * MS, pid + 1];
  for (const [command, ms, times = 1] of steps) {
    for (let i = 0; i < times; i++) {
      const words = command.replaceAll("PID", String(next)).replaceAll("ROOT", String(pid));
      const id = `b-${next++}-1`;
      const cost = { ...COST, user_ns: ms * MS, system_ns: 0 };
      const argv = words.split(" ");
      spans.push({ id, parent: root, argv, name: argv[0]!, start: at, end: at + ms * MS, cost });
      at += ms * MS + MS / 100;
    }
  }
  const first = { id: root, argv: ["sh", "build.sh"], name: "sh", start: 0, end: at, cost: COST };
  const frame = { lengthNs: at, run: { name: "sh", argv: ["sh"], status: 0, root } };
  return spansOf([first, ...spans], frame);
}

const COST = {
  ...spansOf([{ id: "b-1-1" }]).spans[0]!.cost!,
  user_ns: 0,
  system_ns: 0,
};
