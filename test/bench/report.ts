/**
 * Goals 25 and 26: how long a report of 50 000 processes takes, and how large it is.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FORMATS } from "../../src/report/formats.ts";
import { html } from "../../src/report/html.ts";
import { runLines } from "../../src/report/run_file.ts";
import type { Spans } from "../../src/report/span.ts";
import { closeBrowser, missingBrowser, openPage } from "../support/browser.ts";
import { madeUpBuild } from "../support/report_spans.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { framesOf } from "./support/frames.ts";
import { median, quantile } from "./support/stats.ts";
import { megabytes, number, table } from "./support/table.ts";

const PROCESSES = 50_000;
const QUICK = 5000;
const TIMES = 3;
/** A page is opened so often: one time differs from the next by a tenth. */
const OPENED = 9;
const SIZE_LIMIT = 1e6;
const WRITE_LIMIT_MS = 500;
const READY_LIMIT_MS = 500;
/** Processes that are to be zoomed and moved smoothly. */
const MANY = 100_000;
const FRAME_LIMIT_MS = 35;
const NOW = Date.UTC(2026, 10, 30);

/** A format, what its function takes, and what the whole command does. */
interface Written {
  readonly name: string;
  readonly ownMs: number;
  readonly commandMs: number;
  readonly bytes: number;
}

/** All formats of a made-up build, and the page of it in a browser. */
export async function reportSection(bench: Bench): Promise<Section> {
  const title = "Reports: what ran, as files";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const count = bench.quick ? QUICK : PROCESSES;
  const spans = madeUpBuild(count);
  const run = join(bench.folder, "build.fhrun");
  writeFileSync(run, [...runLines(spans)].join(""));
  const written: Written[] = [];
  for (const { name } of FORMATS) {
    const one = await measure(bench, name, spans, run);
    written.push(one);
    bench.say(`report: ${name}: ${number(one.ownMs)} ms, ${megabytes(one.bytes)}`);
  }
  const page = written.find(({ name }) => name === "html")!;
  const readyMs = await readyAfter(readFileSync(pathOf(bench, "html"), "utf8"));
  bench.say(`report: the page is ready after ${number(readyMs)} ms`);
  const many = bench.quick ? QUICK : MANY;
  const frames = await measureFrames(many);
  bench.say(`report: frames of ${number(many)} processes: ${number(frames.median)} ms`);
  return {
    title,
    body: [
      `A made-up build of ${
        number(count)
      } processes, each with a command line of its own, out of ` +
      `a saved run of ${megabytes(statSync(run).size)}; medians of ${TIMES}.`,
      "",
      ...table(
        ["format", "to write it", "the whole command", "size"],
        written.map((one) => [
          one.name,
          `${number(one.ownMs)} ms`,
          `${number(one.commandMs)} ms`,
          megabytes(one.bytes),
        ]),
      ),
      "",
      missingBrowser ?? `The page is ready in Chromium after ${number(readyMs)} ms. While ` +
          `${number(many)} processes are zoomed and moved, a frame takes ` +
          `${number(frames.median)} ms, one in twenty more than ${number(frames.late)} ms, ` +
          "without a GPU.",
    ],
    goals: goalsOf(page, readyMs, frames.median),
  };
}

function goalsOf({ bytes, ownMs }: Written, readyMs: number, frameMs: number): Goal[] {
  return [
    atMost(
      25,
      "report: a page of 50 000 processes below 1 MB",
      bytes,
      SIZE_LIMIT,
      megabytes(bytes),
    ),
    atMost(
      25,
      "report: the page written within 0.5 s",
      ownMs,
      WRITE_LIMIT_MS,
      `${number(ownMs)} ms`,
    ),
    atMost(
      26,
      "report: the page ready within 0.5 s",
      readyMs,
      READY_LIMIT_MS,
      `${number(readyMs)} ms`,
    ),
    atMost(
      26,
      "report: a frame of 100 000 processes below 35 ms",
      frameMs,
      FRAME_LIMIT_MS,
      `${number(frameMs)} ms`,
    ),
  ];
}

function pathOf(bench: Bench, name: string): string {
  return join(bench.folder, `report.${name}`);
}

async function measure(bench: Bench, name: string, spans: Spans, run: string): Promise<Written> {
  const format = FORMATS.find((one) => one.name === name)!;
  const own: number[] = [];
  const commands: number[] = [];
  const path = pathOf(bench, name);
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    for (const _ of await format.write(spans, { weight: "wall", now: NOW }));
    own.push(performance.now() - began);
    const started = performance.now();
    const { status } = spawnSync(bench.fh!, ["report", name, "--run", run, "-o", path]);
    if (status !== 0) throw new Error(`fh report ${name} ended with status ${status}`);
    commands.push(performance.now() - started);
  }
  return {
    name,
    ownMs: median(own),
    commandMs: median(commands),
    bytes: statSync(path).size,
  };
}

/** The median of frames, and what one in twenty is longer than; NaN without a browser. */
async function measureFrames(count: number): Promise<{ median: number; late: number }> {
  if (missingBrowser !== null) return { median: NaN, late: NaN };
  try {
    const frames = await framesOf(html(madeUpBuild(count), NOW));
    return { median: median(frames), late: quantile(frames, 0.95) };
  } finally {
    await closeBrowser();
  }
}

/**
 * Milliseconds from opening a page until it has drawn itself and answers, as it marks them itself:
 * a program beside it hears of that some time later. NaN without a browser.
 */
async function readyAfter(page: string): Promise<number> {
  if (missingBrowser !== null) return NaN;
  const times: number[] = [];
  try {
    // The first one waits for the browser.
    for (let time = 0; time <= OPENED; time++) {
      const opened = await openPage(page);
      const ms = await opened.page.evaluate(() =>
        performance.getEntriesByName("ready")[0]!.startTime
      );
      await opened.close();
      if (time > 0) times.push(ms);
    }
  } finally {
    await closeBrowser();
  }
  return median(times);
}
