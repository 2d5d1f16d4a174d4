/**
 * Goals 39 to 41: what it costs a recorder to ship, and that it notices no server that is away.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../../src/fleet/connection.ts";
import { hostGrants, makeRole, migrate } from "../../src/fleet/tables.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { compareRows, readGaps, readRows, readRuns } from "../support/recorded.ts";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { undoAtEnd } from "./support/cleanup.ts";
import { runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { sum } from "./support/stats.ts";
import { cpuTime, memory } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { fhRecord, type Tool } from "./support/tools.ts";

/** Lives a second of a busy host, and of a storm. */
const BUSY = 1000;
const STORM = 20_000;
const SECONDS = 60;
const QUICK_SECONDS = 6;
const CPU_LIMIT_PERCENT = 3;
const MEMORY_LIMIT = 40e6;
/** What has happened is written, and shipped, by then. */
const SHIPPED_MS = 12_000;

/** A recorder under a load. */
interface Recorded {
  /** CPU of one core, percent. */
  readonly percent: number;
  readonly peak: number;
  /** Lives that are missing, or wrong, and events that were lost. */
  readonly missed: number;
  readonly rate: number;
  readonly db: string;
}

/** The same loads with and without a fleet to ship to. */
export async function shipSection(bench: Bench): Promise<Section> {
  const title = "Ship: a recorder that ships to a fleet";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  if (missingPostgres !== null) return { title, body: ["There is no PostgreSQL."], goals: [] };
  const folder = join(bench.folder, "ship-postgres");
  mkdirSync(folder);
  const server = new Postgres(folder, undoAtEnd);
  const owner = await Connection.open(server.url(), {}, new AbortController().signal);
  await migrate(owner, null);
  await makeRole(owner, "host", hostGrants("host"));
  const url = server.url("host");
  const alone = await measure(bench, "alone", BUSY, null);
  const busy = await measure(bench, "ships", BUSY, url);
  const [row] = await owner.rows<[number]>("SELECT count(*) FROM fh.life");
  await owner.close();
  const file = new DatabaseSync(busy.db, { readOnly: true });
  const [kept] = file.prepare("SELECT count(*) AS n FROM life").all();
  file.close();
  const unshipped = Number(kept!["n"]) - row![0];
  server.stop("immediate");
  const calm = await measure(bench, "storm alone", STORM, null);
  const storm = await measure(bench, "storm, server away", STORM, url);
  const percent = busy.percent - alone.percent;
  const memoryMore = Math.max(busy.peak - alone.peak, storm.peak - calm.peak);
  return {
    title,
    body: [
      "`fh record --ship-to`, with a PostgreSQL on the same host, and with none that answers.",
      "",
      ...table(["", "lives a second", "CPU of one core", "peak memory", "missed"], [
        line("a recorder", alone),
        line("one that ships", busy),
        line("a recorder in a storm", calm),
        line("one that would ship, and cannot", storm),
      ]),
      "",
      `Of ${number(Number(kept!["n"]))} lives ${number(unshipped)} had not been shipped ` +
      `${SHIPPED_MS / 1000} s after the load.`,
    ],
    goals: [
      atMost(
        39,
        `ship: below ${CPU_LIMIT_PERCENT} % of a core at 1 000 lives a second`,
        percent,
        CPU_LIMIT_PERCENT,
        `${number(percent)} %`,
      ),
      atMost(
        40,
        "ship: less than 40 MB more than a recorder",
        memoryMore,
        MEMORY_LIMIT,
        megabytes(memoryMore),
      ),
      atMost(
        41,
        `ship: nothing missed at ${number(STORM)} forks a second while the server is away`,
        storm.missed,
        0,
        `${number(storm.missed)} at ${number(storm.rate)}/s`,
      ),
    ],
  };
}

function line(what: string, { rate, percent, peak, missed }: Recorded): string[] {
  return [what, number(rate), `${number(percent)} %`, megabytes(peak), number(missed)];
}

async function measure(
  bench: Bench,
  name: string,
  pace: number,
  url: string | null,
): Promise<Recorded> {
  const db = join(bench.folder, `ship-${name.replaceAll(/\W+/g, "-")}.db`);
  const tool = fhRecord(bench.fh!, db);
  const more = url === null ? [] : ["--ship-to", url];
  const shipping: Tool = { ...tool, name: `fh ship ${name}`, command: [...tool.command, ...more] };
  const watcher = await Watcher.start(bench, shipping, "null");
  // What lives already is shipped first.
  await sleep(SHIPPED_MS);
  const before = cpuTime(watcher.pid);
  const time = bench.quick ? QUICK_SECONDS : SECONDS;
  const load = await runLoad(bench, [
    `vfork,cpus=${cpus().length},pace=${pace},count=${pace * time}`,
  ]);
  await watcher.drain();
  await sleep(SHIPPED_MS);
  const cpu = (cpuTime(watcher.pid) - before) / 1000;
  const { peak } = memory(watcher.pid);
  await watcher.stop();
  const file = new DatabaseSync(db, { readOnly: true });
  const { missing, wrong } = compareRows(readRows(file), load.tasks);
  const lost = sum(readRuns(file).map((run) => Number(run["lost"]))) + readGaps(file).length;
  file.close();
  const recorded = {
    percent: cpu / load.seconds / 1e4,
    peak,
    missed: missing.length + wrong.length + lost,
    rate: load.tasks.length / load.seconds,
    db,
  };
  bench.say(
    `ship: ${name}: ${number(recorded.rate)}/s, CPU ${number(recorded.percent)} %, ` +
      `${megabytes(peak)}, ${recorded.missed} missed`,
  );
  return recorded;
}
