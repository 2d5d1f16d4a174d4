/**
 * A fleet as what a history is shipped to: rows, boots and the cursor in one transaction.
 *
 * @module
 */
import type { Acknowledged, Cursor, Parcel, ShippingHost, Sink } from "../ship/sink.ts";
import { copiesOf } from "./batch.ts";
import { Connection } from "./connection.ts";

const NS_PER_TICK = 10_000_000n;

/** What fh.hello() answers. */
interface Hello {
  readonly name: string;
  readonly cursor: Cursor | null;
  readonly open: readonly (readonly [bootId: string, pid: number, born: number])[];
}

/** One session with a fleet. */
export class FleetSink implements Sink {
  readonly taking = "states";
  readonly #db: Connection;
  readonly #host: ShippingHost;

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
    return new FleetSink(await Connection.open(url, env, signal), host);
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
    const open = hello.open.map(([bootId, pid, born]) => ({ bootId, pid, born }));
    return { name: hello.name, cursor: hello.cursor, open };
  }

  async append(parcel: Parcel): Promise<void> {
    const facts = JSON.stringify(factsOf(parcel, this.#host.machine));
    await this.#db.transaction(async () => {
      for (const { sql, lines } of copiesOf(parcel)) await this.#db.copy(sql, lines);
      await this.#db.rows("SELECT fh.merge($1)", [facts]);
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** What is told beside the rows, as fh.merge() reads it. */
export function factsOf(
  { cursor, boots, findings, gone, reach, waiting, forgotten }: Omit<
    Parcel,
    "lives" | "formers" | "images" | "jobs" | "open"
  >,
  machine: string,
): Readonly<Record<string, unknown>> {
  return {
    machine,
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
    ...{ reach, waiting, forgotten },
  };
}
