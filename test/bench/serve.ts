/**
 * Goals 20 and 21: what it costs to tell others, and that they are told all.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../../src/serve/client/socket_client.ts";
import { CFolder, has } from "../support/c_examples.ts";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { kill, undoAtEnd } from "./support/cleanup.ts";
import { runLoad } from "./support/load.ts";
import { exited, Watcher } from "./support/run.ts";
import { cpuTime, memory } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import type { Tool } from "./support/tools.ts";

const CLIENTS = 200;
const PER_SECOND = 20_000;
const SECONDS = 10;
const QUICK_SECONDS = 2;
/** Programs and trees of processes, as a build of a kernel starts them. */
const BUILD = ["spawn,count=4000", "tree,count=1500,depth=3,width=2", "spawn,count=4000"];
const QUICK_BUILD = ["spawn,count=400", "tree,count=150,depth=3,width=2"];

/** Who listens while the load runs, and what each asks for. */
const AUDIENCES: readonly (readonly [name: string, clients: number, request: string | null])[] = [
  ["nobody", 0, null],
  ["200, one filter for all", CLIENTS, '{"op":"subscribe","filter":{"failed":true}}'],
  ["200, each with a filter of its own", CLIENTS, '{"op":"subscribe","filter":{"comm":"c-%d-*"}}'],
  ["1, everything", 1, '{"op":"subscribe"}'],
  ["200, everything", CLIENTS, '{"op":"subscribe"}'],
];

/** One audience, and what became of it. */
interface Told {
  readonly name: string;
  readonly clients: number;
  readonly perSecond: number;
  /** CPU time of the server while the load ran and was told, of one core. */
  readonly cpu: number;
  readonly peak: number;
  /** Events that the source has lost. */
  readonly lost: number;
  /** Events and losses that the clients count, the least and the most. */
  readonly least: number;
  readonly most: number;
  /** Share of the events that the clients were sent. */
  readonly share: number;
}

/** A server under a storm with many clients, and the build that is followed. */
export async function serveSection(bench: Bench): Promise<Section> {
  const title = "Serve: other programs are told";
  if (bench.fh === null || !bench.isRoot) {
    return { title, body: ["fh is not built, or this is not root."], goals: [] };
  }
  const rows: Told[] = [];
  for (const audience of AUDIENCES) rows.push(await measure(bench, ...audience));
  const build = await followBuild(bench);
  const [alone] = rows;
  const each = (one: Told) =>
    one.clients === 0 ? ["–", "–"] : [
      `${number((one.cpu - alone!.cpu) / one.clients * 100)} %`,
      megabytes((one.peak - alone!.peak) / one.clients),
    ];
  const header = ["who listens", "forks a second", "CPU of one core", "peak memory"];
  const more = ["CPU a client", "memory a client", "events got", "told or counted", "source lost"];
  return {
    title,
    body: [
      `Load: ${
        number(PER_SECOND)
      } vforks a second on all ${cpus().length} CPUs, of which the load, ` +
      "the clients and the server have to live together. Each client counts the events that it " +
      "gets and those that its gaps tell of.",
      "",
      ...table([...header, ...more], rows.map((one) => rowOf(one, each(one)))),
      "",
      ...build.body,
    ],
    goals: [...goalsOf(rows), ...build.goals],
  };
}

function rowOf(one: Told, each: readonly string[]): string[] {
  const counted = one.least === one.most
    ? number(one.least)
    : `${number(one.least)} to ${number(one.most)}`;
  return [
    one.name,
    number(one.perSecond),
    `${number(one.cpu * 100)} %`,
    megabytes(one.peak),
    ...each,
    one.clients === 0 ? "–" : `${number(one.share * 100)} %`,
    one.clients === 0 ? "–" : counted,
    number(one.lost),
  ];
}

function goalsOf(rows: readonly Told[]): Goal[] {
  const lost = rows.reduce((sum, one) => sum + one.lost, 0);
  const heard = rows.filter(({ clients }) => clients > 0);
  const uneven = heard.reduce((sum, one) => sum + one.most - one.least, 0);
  const all = rows.at(-1)!;
  return [
    atMost(
      20,
      "serve: 200 clients at 20 000 forks a second, the source loses nothing",
      lost,
      0,
      `${number(lost)} lost, ${number(all.perSecond)} forks/s with 200 who want everything`,
    ),
    atMost(
      20,
      "serve: each client is told or counts every event",
      uneven,
      0,
      `${number(all.least)} for each of 200, of which ${number(all.share * 100)} % were sent`,
    ),
  ];
}

function serverTool(fh: string, socket: string): Tool {
  return {
    name: "fh serve",
    command: [fh, "serve", "--source", "connector", "--socket", socket],
    ready: "source line",
    tells: ["fork", "exec", "exit"],
    parser: () => () => null,
  };
}

/** Subscribers in one process. */
class Readers {
  readonly #child: ChildProcess;
  #text = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#text += text);
  }

  static async start(socket: string, count: number, request: string): Promise<Readers> {
    const child = spawn(program("readers") ?? "", [socket, `${count}`, request], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    undoAtEnd(() => kill(child.pid ?? 0, "SIGKILL"));
    const readers = new Readers(child);
    while (!readers.#text.includes("ready\n")) {
      if (child.exitCode !== null) throw new Error("The readers have ended");
      await sleep(20);
    }
    return readers;
  }

  /** Ends them; events and losses of each. */
  async end(): Promise<(readonly [events: number, lost: number])[]> {
    this.#child.stdin!.end();
    await exited(this.#child);
    return [...this.#text.matchAll(/^(\d+) (\d+) \d+$/gm)]
      .map(([, events, lost]) => [Number(events), Number(lost)]);
  }
}

async function statusOf(socket: string): Promise<{ lost: number }> {
  const connection = await Connection.open(socket);
  try {
    return await connection.request("status") as unknown as { lost: number };
  } finally {
    connection.close();
  }
}

async function measure(
  bench: Bench,
  name: string,
  clients: number,
  request: string | null,
): Promise<Told> {
  const socket = join(bench.folder, "fh.sock");
  const server = await Watcher.start(bench, serverTool(bench.fh!, socket), "null");
  const readers = request === null ? null : await Readers.start(socket, clients, request);
  const seconds = bench.quick ? QUICK_SECONDS : SECONDS;
  const before = cpuTime(server.pid);
  const phase = `vfork,cpus=${cpus().length},pace=${PER_SECOND},count=${PER_SECOND * seconds}`;
  const load = await runLoad(bench, [phase]);
  await server.drain();
  const cpu = (cpuTime(server.pid) - before) / 1e9 / load.seconds;
  const { lost } = await statusOf(socket);
  const { peak } = memory(server.pid);
  const counts = await readers?.end() ?? [];
  await server.stop();
  const totals = counts.map(([events, gaps]) => events + gaps);
  const got = counts.reduce((sum, [events]) => sum + events, 0);
  const all = totals.reduce((sum, total) => sum + total, 0);
  const told = {
    name,
    clients,
    perSecond: load.tasks.length / load.seconds,
    cpu,
    peak,
    lost,
    least: Math.min(...totals),
    most: Math.max(...totals),
    share: all === 0 ? 1 : got / all,
  };
  bench.say(
    `serve: ${name}: ${number(told.perSecond)}/s, CPU ${number(cpu * 100)} %, ` +
      `${megabytes(peak)}, ${lost} lost, ${number(told.share * 100)} % sent`,
  );
  return told;
}

/** The C example is told of every fork of a build that two subscribers follow. */
async function followBuild(bench: Bench): Promise<Pick<Section, "body" | "goals">> {
  if (!has("gcc")) return { body: ["The C example was not measured: no gcc."], goals: [] };
  const folder = new CFolder();
  undoAtEnd(() => folder.remove());
  const socket = join(bench.folder, "build.sock");
  const server = await Watcher.start(bench, serverTool(bench.fh!, socket), "null");
  const readers = await Readers.start(socket, 2, '{"op":"subscribe"}');
  const out = join(bench.folder, "told.out");
  const command = `exec "$0" -p ${process.pid} > "$1"`;
  const told = spawn("sh", ["-c", command, folder.compile("gcc", { file: "told.c" }), out], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, FH_SOCKET: socket },
  });
  undoAtEnd(() => kill(told.pid ?? 0, "SIGKILL"));
  await sleep(500);
  const before = cpuTime(server.pid);
  const load = await runLoad(bench, bench.quick ? QUICK_BUILD : BUILD);
  await server.drain();
  const cpu = (cpuTime(server.pid) - before) / 1e9 / load.seconds;
  await sleep(500);
  kill(told.pid ?? 0, "SIGTERM");
  await exited(told);
  const counts = await readers.end();
  await server.stop();
  const pairs = new Set(readFileSync(out, "utf8").split("\n"));
  const tasks = load.tasks;
  const missing = tasks.filter(({ pid, ppid }) => !pairs.has(`${ppid} ${pid}`)).length;
  const lost = counts.reduce((sum, [, gaps]) => sum + gaps, 0);
  const got = counts.map(([events]) => number(events)).join(" and ");
  return {
    body: [
      `A build (\`${(bench.quick ? QUICK_BUILD : BUILD).join("`, `")}\`: ${number(tasks.length)} ` +
      `processes in ${number(load.seconds)} s): the example in C was told of ` +
      `${number(tasks.length - missing)} forks of ${number(tasks.length)}, while two subscribers ` +
      `followed everything: ${got} events, ${number(lost)} lost. CPU of the server ` +
      `${number(cpu * 100)} % of one core.`,
    ],
    goals: [
      atMost(
        21,
        "serve: the example in C is told of every fork of a build, two subscribers follow",
        missing + lost,
        0,
        `${number(tasks.length - missing)} of ${number(tasks.length)} forks, ${lost} events lost`,
      ),
    ],
  };
}
