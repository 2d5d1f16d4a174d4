/**
 * What is different between runs, for programs.
 *
 * @module
 */
import { jsonText } from "../text/json_text.ts";
import type { DiffSide, Measure, RunsDiff, Spread } from "./diff.ts";

/** One object on one line, its end included; in pieces. */
export function* diffJson(diff: RunsDiff): Generator<string> {
  const { before, after, whole, commands, notes } = diff;
  const head = {
    before: sideJson(before),
    after: sideJson(after),
    wall_ns: measureJson(whole.wall),
    cpu_ns: cpuJson(whole.cpu),
    processes: measureJson(whole.count),
    failed: measureJson(whole.failed),
    notes,
  };
  yield `${jsonText(head).slice(0, -1)},"commands":[`;
  let comma = "";
  for (const { kind, command, example, count, failed, wall, cpu, path } of commands) {
    const fields = {
      change: kind.replaceAll(" ", "_"),
      command,
      example,
      critical_path_ns: measureJson(path),
      wall_ns: measureJson(wall),
      cpu_ns: cpuJson(cpu),
      count: measureJson(count),
      failed: measureJson(failed),
    };
    yield comma + jsonText(fields);
    comma = ",";
  }
  yield "]}\n";
}

function sideJson({ frames }: DiffSide): unknown {
  return {
    runs: frames.map(({ title, host, originMs, cpus, source, run }) => ({
      title,
      host,
      began: momentText(originMs),
      cpus,
      source,
      argv: run?.argv ?? null,
      status: run?.status ?? null,
    })),
  };
}

/** The last moment that there is in ECMAScript, milliseconds since the Unix epoch. */
const MOMENT_MAX = 8.64e15;

/** Null where it is none: a file may say anything. */
function momentText(ms: number): string | null {
  return Math.abs(ms) <= MOMENT_MAX ? new Date(ms).toISOString() : null;
}

/** What is known, and of how many processes of a run it is not. */
function cpuJson(measure: Measure): unknown {
  return { ...measureJson(measure), unknown: measure.unknown };
}

function measureJson({ before, after, change, noise, isReal }: Measure): object {
  return {
    before: spreadJson(before),
    after: spreadJson(after),
    change: rounded(change),
    noise: rounded(noise),
    significant: isReal,
  };
}

function spreadJson(spread: Spread | null): unknown {
  if (spread === null) return null;
  const { median, least, most } = spread;
  return { median: rounded(median), least: rounded(least), most: rounded(most) };
}

/** To thousandths: counts may have halves. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
