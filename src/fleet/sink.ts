/**
 * A fleet as what a history is shipped to: rows, boots and the cursor in one transaction.
 *
 * @module
 */
import type { KnownJob } from "../ship/jobs.ts";
import type { Acknowledged, Cursor, Parcel, ShippingHost, Sink } from "../ship/sink.ts";
import { batchOf } from "./batch.ts";
import { Connection } from "./connection.ts";
import { hasJobs, knownJobs, putJobs } from "./job_sink.ts";

/** A batch that takes longer has not arrived, or its answer has not. */
const PATIENCE_MS = 60_000;
const NS_PER_TICK = 10_000_000n;

/** What fh.hello() answers. */
interface Hello {
  readonly name: string;
  readonly session: number;
  readonly cursor: Cursor | null;
  readonly open: readonly (readonly [bootId: string, pid: number, born: number])[];
}

/** One session with a fleet. */
export class FleetSink implements Sink {
  readonly taking = "states";
  readonly #db: Connection;
  readonly #host: ShippingHost;
  #session = 0;

  private constructor(db: Connection, host: ShippingHost) {
    this.#db = db;
    this.#host = host;
  }

  /** Connects to the database that a URL names. Throws CommandError. */
  static async open(
    url: string,
    env: Readonly<Record<string, string | undefined>>,
    host: ShippingHost,
    signal: AbortSignal,
  ): Promise<FleetSink> {
    const db = await Connection.open(url, env, signal, PATIENCE_MS);
    const sink = new FleetSink(db, host);
    try {
      // The cursor stands beside the rows: what a crash of the server takes is sent again.
      await db.run("SET synchronous_commit = off");
      return sink;
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  get shown(): string {
    return this.#db.shown;
  }

  /** A host says who it is, and is told from where it is to go on and what it has left open. */
  async acknowledged(): Promise<Acknowledged> {
    const { machine, name, version } = this.#host;
    const [row] = await this.#db.rows<[Hello]>("SELECT fh.hello($1, $2, $3)", [
      machine,
      name,
      version,
    ]);
    const hello = row![0];
    this.#session = hello.session;
    const open = hello.open.map(([bootId, pid, born]) => ({ bootId, pid, born }));
    return { name: hello.name, cursor: hello.cursor, open };
  }

  async knownJobs(): Promise<KnownJob[]> {
    return await knownJobs(this.#db, this.#host.machine);
  }

  /** It takes all, or throws. */
  async append(parcel: Parcel): Promise<number> {
    await this.#put(parcel);
    return 0;
  }

  async #put(parcel: Parcel): Promise<void> {
    const { machine } = this.#host;
    const session = { machine, session: this.#session };
    const { jobNews: jobs } = parcel;
    if (jobs === null || !hasJobs(jobs)) return await mergeInto(this.#db, session, parcel);
    await this.#db.transaction(async () => {
      await mergeInto(this.#db, session, parcel);
      await putJobs(this.#db, machine, jobs);
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** A machine, and which of its sessions it is, as fh.hello() has counted. */
export interface FleetSession {
  readonly machine: string;
  readonly session: number;
}

/** Adds what a machine ships, in a transaction of its own. Throws CommandError. */
export async function mergeInto(
  db: Connection,
  session: FleetSession,
  parcel: Omit<Parcel, "open" | "jobs" | "jobNews">,
): Promise<void> {
  const { lives, images, formers } = batchOf(parcel);
  const facts = JSON.stringify(factsOf(parcel, session));
  await db.rows("SELECT fh.merge($1, $2, $3, $4)", [facts, lives, images, formers]);
}

/** What is told beside the rows, as fh.merge() reads it. */
function factsOf(
  { cursor, boots, findings, gone, renamed, reach, waiting, forgotten }: Omit<
    Parcel,
    "lives" | "formers" | "images" | "jobs" | "jobNews" | "open"
  >,
  { machine, session }: FleetSession,
): Readonly<Record<string, unknown>> {
  return {
    ...{ machine, session },
    cursor,
    boots: boots.map(({ boot, clock, runs, gaps }) => ({
      boot_id: boot.bootId,
      epoch_tick: String(BigInt(boot.clock[0]?.epoch ?? 0) / NS_PER_TICK),
      clock,
      runs,
      gaps: gaps.map(({ since, until, lost, reason }) => ({ since, until, lost, reason })),
    })),
    findings: findings.map(({ boot_id, fields }) => ({ ...fields, boot_id })),
    gone: gone.map(({ bootId, pid, born }) => ({ boot_id: bootId, pid, born })),
    renamed: renamed.map(({ who: { bootId, pid, born }, born: now, nth }) => {
      return { boot_id: bootId, pid, born, now, nth };
    }),
    ...{ reach, waiting, forgotten },
  };
}
