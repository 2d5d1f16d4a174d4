/**
 * A connection to the database of a fleet: the only place that knows its client.
 *
 * @module
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { CommandError, EXIT, Stopped } from "../fault.ts";
import { type FleetPlace, fleetPlace } from "./place.ts";

/** How long it may take until a database answers at all. */
const CONNECT_MS = 15_000;
/** Whoever waits is told so often. */
const TELL_MS = 200;
/** PostgreSQL's number of the type int8. */
const INT8 = 20;

/** What a question may have for parameters. */
export type Parameter =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly (string | number)[];

/** Who is told while a question takes time. */
export interface Waiting {
  /** So many rows have come, of this question and those before; five times a second. */
  wait(rows: number): void;
  /** It is answered. */
  done(): void;
}

/** A connection. Whole numbers come as numbers; what has more than 53 bits is asked for as text. */
export class Connection {
  readonly #client: pg.Client;
  readonly #place: FleetPlace;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting | null;
  #rows = 0;
  /** Rejects when the connection is gone: what was asked then would never be answered. */
  readonly #gone: Promise<never>;

  private constructor(
    client: pg.Client,
    place: FleetPlace,
    signal: AbortSignal,
    waiting: Waiting | null,
  ) {
    this.#waiting = waiting;
    this.#client = client;
    this.#place = place;
    this.#signal = signal;
    this.#gone = new Promise((_, reject) => {
      client.on("error", reject);
      client.on("end", () => reject(new Error("it has closed the connection")));
    });
    this.#gone.catch(() => {});
  }

  /**
   * Connects to the database that a URL names; `signal` ends what is asked there, too.
   *
   * @throws {CommandError} It cannot be reached, or does not let us in.
   */
  static async open(
    url: string,
    env: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    waiting: Waiting | null = null,
  ): Promise<Connection> {
    const place = fleetPlace(url, env);
    const client = clientOf(place);
    const connection = new Connection(client, place, signal, waiting);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => {});
      throw databaseFailure(place, error);
    }
    return connection;
  }

  /** Where it is, for messages. */
  get shown(): string {
    return this.#place.shown;
  }

  /** Rows as arrays of columns. Throws CommandError; Stopped where the signal ends it. */
  async rows<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return await this.#during(async () => {
      const values = parameters.map((one) => one instanceof Uint8Array ? Buffer.from(one) : one);
      const found = await this.#client.query({ text: sql, values, rowMode: "array" });
      this.#rows += found.rows.length;
      return found.rows as Row[];
    });
  }

  /** Several statements without parameters. */
  async run(sql: string): Promise<void> {
    await this.#during(async () => {
      await this.#client.query(sql);
    });
  }

  /** Lines of COPY's text format into a table: `sql` is `COPY … FROM STDIN`. */
  async copy(sql: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#during(async () => {
      await pipeline(Readable.from(lines), this.#client.query(copyFrom(sql)));
    });
  }

  /** Does work in a transaction: all of it or nothing. */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.run("BEGIN");
    try {
      const result = await work();
      await this.run("COMMIT");
      return result;
    } catch (error) {
      await Promise.race([this.#client.query("ROLLBACK"), this.#gone]).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.race([this.#client.end(), this.#gone]).catch(() => {});
  }

  async #during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#signal.aborted) throw new Stopped(String(this.#signal.reason));
    const cancel = () => void this.#cancel();
    this.#signal.addEventListener("abort", cancel);
    const waiting = this.#waiting;
    const telling = waiting && setInterval(() => waiting.wait(this.#rows), TELL_MS);
    try {
      return await Promise.race([work(), this.#gone]);
    } catch (error) {
      if (this.#signal.aborted) throw new Stopped(String(this.#signal.reason));
      throw databaseFailure(this.#place, error);
    } finally {
      this.#signal.removeEventListener("abort", cancel);
      if (telling !== null) clearInterval(telling);
      waiting?.done();
    }
  }

  /** Ends what this connection asks, by another one. */
  async #cancel(): Promise<void> {
    const other = clientOf(this.#place);
    other.on("error", () => {});
    try {
      await other.connect();
      const { processID } = this.#client as pg.Client & { processID: number };
      await other.query("SELECT pg_cancel_backend($1)", [processID]);
    } catch {
      // Nobody is there to be told: then this connection has ended as well.
    } finally {
      await other.end().catch(() => {});
    }
  }
}

function clientOf({ url, password }: FleetPlace): pg.Client {
  return new pg.Client({
    connectionString: url,
    ...password === null ? {} : { password },
    application_name: "fh",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: {
      getTypeParser(oid: number, format?: "text" | "binary") {
        if (oid === INT8 && format !== "binary") return Number;
        return pg.types.getTypeParser(oid, format as "text");
      },
    } as pg.CustomTypesConfig,
  });
}

/** The SQLSTATE of an error of PostgreSQL; null where it is another. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? error.code ?? null : null;
}

/** An error that another try may not have: the connection, or the server, is gone or full. */
export class FleetAway extends CommandError {}

/** What went wrong, as a person can act on it. */
function databaseFailure(place: FleetPlace, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { message } = error as Error;
  const said = message.split("\n")[0] || String((error as { code?: unknown }).code);
  const state = sqlState(error);
  const where = `The fleet at ${place.shown}`;
  if (state === null || /^(?:08|57P|53)/.test(state)) {
    const what = `${where} cannot be asked: ${said}`;
    return new FleetAway(EXIT.failed, `${what}; see that it runs, and that its host is right`);
  }
  if (state.startsWith("28")) {
    const advice = "give PGPASSFILE, PGPASSWORD or a service file, and see pg_hba.conf";
    return new CommandError(EXIT.failed, `${where} does not let you in: ${said}; ${advice}`);
  }
  if (state === "3F000" || state === "42P01" || state === "42883" || state === "42703") {
    const advice = "run fh fleet init, or fh fleet migrate where fh is newer than the tables";
    return new CommandError(EXIT.failed, `${where} has no tables of this fh; ${advice}`);
  }
  if (state === "42501") {
    const advice = "ask its owner for the role fh_reader, or for one of fh fleet init --host";
    return new CommandError(EXIT.failed, `${where} refuses: ${said}; ${advice}`);
  }
  return new CommandError(EXIT.failed, `${where} has failed: ${said} (${state})`);
}
