/**
 * docs/benchmarks.md.
 *
 * @module
 */
import type { Bench, Goal, Section } from "./bench.ts";
import { describeMachine } from "./machine.ts";
import { table } from "./table.ts";

/** The whole report as Markdown. */
export function report(bench: Bench, sections: readonly Section[]): string {
  const goals = sections.flatMap((section) => section.goals)
    .sort((a, b) => a.number - b.number);
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench`. Ratios come first: absolute times depend on the machine.",
    "",
    "## Machine",
    "",
    ...describeMachine(bench),
    ...sections.flatMap((section) => ["", `## ${section.title}`, "", ...section.body]),
    "",
    "## Goals",
    "",
    ...goalTable(goals),
    "",
  ].join("\n");
}

function goalTable(goals: readonly Goal[]): string[] {
  return table(
    ["no.", "goal", "measured", "reached"],
    goals.map((goal) => [`${goal.number}`, goal.text, goal.measured, verdict(goal)]),
  );
}

function verdict(goal: Goal): string {
  if (goal.reached === null) return "not measured";
  return goal.reached ? "yes" : `no: ${goal.short}`;
}
