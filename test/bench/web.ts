/// <reference lib="dom" />
/**
 * Goals 30 to 33: the page of a host. How soon it is there, whether a flood of events freezes it,
 * how long a page of a long table takes, and what the gateway and its pages cost.
 *
 * @module
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { Connection } from "../../src/serve/client/socket_client.ts";
import { missingBrowser } from "../support/browser.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { undoAtEnd } from "./support/cleanup.ts";
import { fillHistory } from "./support/fill_history.ts";
import { median } from "./support/stats.ts";
import { cpuTime, memory } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { eventSource, Ready, WebBench } from "./support/web_host.ts";

const FLOOD = 20_000;
const CALM = 10;
const READY_LIMIT_MS = 500;
const FRAME_LIMIT_MS = 50;
const PAGE_LIMIT_MS = 150;
const GATEWAY_LIMIT = 120e6;
const READERS = 50;
/** Events a second that 50 readers are told, all by one thread of a recorder. */
const TRICKLE = 200;
const TIMES = 5;
const ROWS = 10_000;

/** What was measured, in words, and what became of the goals. */
interface Part {
  readonly rows: readonly (readonly string[])[];
  readonly goals: readonly Goal[];
}

/** All of it; a recorder is real where its history is asked, and made up where it floods. */
export async function webSection(bench: Bench): Promise<Section> {
  const title = "Web: the page of a host";
  const why = bench.fh === null ? "fh is not built" : missingBrowser;
  if (why !== null) return { title, body: [`Not measured: ${why}.`], goals: [] };
  const parts = [await floodPart(bench), await tablePart(bench), await readersPart(bench)];
  return {
    title,
    body: [
      "In headless Chromium, which draws on the same CPUs. Events are made up and sent to a " +
      "gateway as a recorder sends them; the table is of a real recorder's history.",
      "",
      ...table(["what", "measured"], parts.flatMap(({ rows }) => rows)),
    ],
    goals: parts.flatMap(({ goals }) => goals),
  };
}

/** How soon the page is there, and its frames while it is told 20 000 events a second. */
async function floodPart(bench: Bench): Promise<Part> {
  // What frames take on this host while next to nothing happens.
  const calm = await watched(bench, CALM);
  const { ready, frames, share, rate, peak } = await watched(bench, FLOOD);
  bench.say(`web: ready ${number(ready)} ms, frames p99 ${number(frames.p99)} ms`);
  const beside = `${number(calm.frames.p99)} ms at ${CALM} a second`;
  return {
    rows: [
      ["page ready, median", `${number(ready)} ms`],
      [`frames at ${CALM} events a second: median, p99 and longest`, timesText(calm.frames)],
      [`frames at ${rate} events a second`, timesText(frames)],
      [`main thread of the page at ${CALM} events a second`, `${number(calm.share * 100)} %`],
      [`main thread of the page at ${rate} events a second`, `${number(share * 100)} %`],
      ["gateway meanwhile, at most", megabytes(peak)],
    ],
    goals: [
      atMost(30, "web: the page ready within 0.5 s", ready, READY_LIMIT_MS, `${number(ready)} ms`),
      atMost(
        31,
        "web: at 20 000 events a second frames below 50 ms (99th percentile)",
        frames.p99,
        FRAME_LIMIT_MS,
        `${number(frames.p99)} ms, ${beside}`,
      ),
    ],
  };
}

function timesText({ p50, p99, most }: Frames): string {
  return `${number(p50)}, ${number(p99)} and ${number(most)} ms`;
}

/** A page that is told so many events a second. */
async function watched(bench: Bench, perSecond: number) {
  const socket = join(bench.folder, "web-flood.sock");
  const source = await eventSource(socket, perSecond);
  const web = await WebBench.start(bench, socket);
  try {
    const ready = await readyTimes(web);
    const page = await web.open("now");
    await page.getByText("Live.").waitFor();
    const seconds = bench.quick ? 2 : 10;
    const taken = await mainThread(page);
    const before = await taken();
    const frames = await framesOf(page, seconds);
    const share = (await taken() - before) / seconds;
    const rate = await page.locator(".figures > div b").nth(2).innerText();
    return { ready, frames, share, rate, peak: memory(web.gateway.pid).peak };
  } finally {
    await web.end();
    await source.end();
  }
}

/** Tells how many seconds of CPU the page's main thread has taken. */
async function mainThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
}

/** Milliseconds from opening the page until it shows what happens. */
async function readyTimes(web: WebBench): Promise<number> {
  const times: number[] = [];
  // The first one waits for the browser.
  for (let time = 0; time <= TIMES; time++) {
    const page = await web.open("now");
    await page.getByText("Live.").waitFor();
    const ms = await page.evaluate(() => performance.now());
    await page.context().close();
    if (time > 0) times.push(ms);
  }
  return median(times);
}

interface Frames {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Times between frames, milliseconds. */
function framesOf(page: Page, seconds: number): Promise<Frames> {
  return page.evaluate(async (ms) => {
    const times: number[] = [];
    let last = performance.now();
    const end = last + ms;
    await new Promise<void>((resolve) => {
      const draw = () => {
        const now = performance.now();
        times.push(now - last);
        last = now;
        if (now < end) requestAnimationFrame(draw);
        else resolve();
      };
      requestAnimationFrame(draw);
    });
    times.sort((a, b) => a - b);
    const at = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
    return { p50: at(0.5), p99: at(0.99), most: at(1) };
  }, seconds * 1000);
}

/** The next page of a table of 1 000 000 lives, and what a long answer takes of the gateway. */
async function tablePart(bench: Bench): Promise<Part> {
  const lives = bench.quick ? 1e5 : 1e6;
  const [db, socket] = [join(bench.folder, "web.db"), join(bench.folder, "web.sock")];
  const remove = undoAtEnd(() => {
    for (const suffix of ["", "-wal", "-shm", "-lock"]) rmSync(db + suffix, { force: true });
  });
  bench.say(`web: writing a history of ${number(lives)} lives`);
  const { middle } = fillHistory(db, lives);
  const recorder = await recorderOf(bench, db, socket);
  const web = await WebBench.start(bench, socket);
  try {
    const until = encodeURIComponent(new Date(middle).toISOString());
    const page = await web.open(`time?since=2026-11-01&until=${until}&before=${until}`);
    await page.locator("tbody tr").nth(99).waitFor();
    await page.locator("canvas.bars").waitFor();
    const times: number[] = [];
    for (let time = 0; time < (bench.quick ? 3 : 10); time++) times.push(await older(page));
    const ms = median(times);
    await page.context().close();
    const span = { since: "2026-11-01", until: new Date(middle).toISOString() };
    for (let time = 0; time < TIMES; time++) {
      await web.ask("log", { ...span, limit: ROWS, costs: true });
    }
    const { now, peak } = memory(web.gateway.pid);
    bench.say(`web: a page of the table ${number(ms)} ms, gateway ${megabytes(peak)}`);
    return {
      rows: [
        [`the next page of a table of ${number(lives)} lives, median`, `${number(ms)} ms`],
        [
          `gateway after ${TIMES} answers of ${number(ROWS)} rows, and at most`,
          `${megabytes(now)}, ${megabytes(peak)}`,
        ],
      ],
      goals: [
        atMost(
          32,
          "web: a table of 1 M lives pages within 150 ms",
          ms,
          PAGE_LIMIT_MS,
          `${number(ms)} ms`,
        ),
        atMost(33, "web: gateway below 120 MB", peak, GATEWAY_LIMIT, megabytes(peak)),
      ],
    };
  } finally {
    await web.end();
    await recorder.end();
    remove();
  }
}

/** Milliseconds from a click until other rows are there. */
function older(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const first = () => document.querySelector(".costs tbody tr")?.textContent;
    const before = first();
    const button = [...document.querySelectorAll("button")]
      .find(({ textContent }) => textContent === "Older")!;
    while (button.disabled) await new Promise((resolve) => requestAnimationFrame(resolve));
    const began = performance.now();
    button.click();
    while (first() === before) await new Promise((resolve) => setTimeout(resolve));
    return performance.now() - began;
  });
}

async function recorderOf(bench: Bench, db: string, socket: string): Promise<Ready> {
  const command = [bench.fh!, "record", "--db", db, "--socket", socket, "--keep", "3650d"];
  const script = '"$@" >/dev/null 2>&1 & echo $!; wait';
  const recorder = await Ready.start(["sh", "-c", `exec 3>&1; ${script}`, "sh", ...command]);
  while (!existsSync(socket)) await sleep(20);
  return recorder;
}

/** What a recorder pays for 50 open pages, next to 50 clients of its socket. */
async function readersPart(bench: Bench): Promise<Part> {
  const socket = join(bench.folder, "web-readers.sock");
  const seconds = bench.quick ? 2 : 10;
  const source = await eventSource(socket, TRICKLE);
  const web = await WebBench.start(bench, socket);
  try {
    const connections: Connection[] = [];
    for (let i = 0; i < READERS; i++) {
      const connection = await Connection.open(socket);
      await connection.request("subscribe");
      void drain(connection);
      connections.push(connection);
    }
    const clients = await cpuOf(source.pid, seconds);
    for (const connection of connections) connection.close();
    const pages = Array.from({ length: READERS }, () => new AbortController());
    for (const { signal } of pages) await listen(web, signal);
    const opened = await cpuOf(source.pid, seconds);
    const { now } = memory(web.gateway.pid);
    for (const page of pages) page.abort();
    const share = opened / clients;
    bench.say(`web: ${READERS} pages ${number(share)} of ${READERS} clients, ${megabytes(now)}`);
    return {
      rows: [
        [`CPU of a server with ${READERS} clients of its socket`, `${number(clients * 100)} %`],
        [`with ${READERS} open pages`, `${number(opened * 100)} %`],
        ["gateway with these", megabytes(now)],
      ],
      goals: [
        atMost(
          33,
          "web: 50 open pages cost a recorder what 50 clients do (1.1 times at most)",
          share,
          1.1,
          `${number(share)} times`,
        ),
      ],
    };
  } finally {
    await web.end();
    await source.end();
  }
}

async function drain(connection: Connection): Promise<void> {
  while (await connection.take() !== null);
}

/** An open page, as far as the gateway sees it. */
async function listen(web: WebBench, signal: AbortSignal): Promise<void> {
  const { url, token } = JSON.parse(web.gateway.said);
  const response = await fetch(new URL("/api/live", url), {
    method: "POST",
    headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
    body: "{}",
    signal,
  });
  const reader = response.body!.getReader();
  const read = async () => {
    while (!(await reader.read()).done);
  };
  void read().catch(() => {});
}

/** Share of one CPU. */
async function cpuOf(pid: number, seconds: number): Promise<number> {
  const before = cpuTime(pid);
  await sleep(seconds * 1000);
  return (cpuTime(pid) - before) / 1e9 / seconds;
}
