/**
 * A connection to the database of a fleet: the only place that knows its client.
 *
 * @module
 */
import pg from "pg";
import { Stopped } from "../fault.ts";
import { databaseFailure } from "./failure.ts";
import { type FleetPlace, fleetPlace } from "./place.ts";

/** How long it may take until a database answers at all. */
const CONNECT_MS = 15_000;
/** Whoever waits is told so often. */
const TELL_MS = 200;
/** What was given up, and what is being closed, is not waited for any longer. */
const LEAVE_MS = 2000;
/** A network that carries less than so many bytes a millisecond is of no use. */
const SLOWEST = 16;
/**
 * Compiling what finds some rows takes longer than finding them. Rows of many lives are found by
 * host, boot and id; a server that believes this to leave two would go through all of a boot for
 * each life, because an index has host and boot in order. For the rest a database or a role may
 * have other settings: who waits for a lock is to see what was done meanwhile, and texts are
 * written as the standard has them.
 */
const SETTINGS = `SET jit = off; SET enable_mergejoin = off;
  SET default_transaction_isolation = 'read committed';
  SET standard_conforming_strings = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'`;
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
  readonly #patienceMs: number | null;
  /** Why it is gone: what is asked then would never be answered. */
  #gone: Error | null = null;
  /** Those who wait for an answer. */
  readonly #asked = new Set<(gone: Error) => void>();

  private constructor(
    client: pg.Client,
    place: FleetPlace,
    signal: AbortSignal,
    patienceMs: number | null,
    waiting: Waiting | null,
  ) {
    this.#waiting = waiting;
    this.#client = client;
    this.#place = place;
    this.#signal = signal;
    this.#patienceMs = patienceMs;
    client.on("error", (error) => this.#leaveAll(error));
    client.on("end", () => this.#leaveAll(new Error("it has closed the connection")));
  }

  /**
   * Connects to the database that a URL names; `signal` ends what is asked there, too. An answer
   * that takes longer than `patienceMs`, and what is sent takes on a slow line, is one of a network
   * that has gone: the connection ends.
   *
   * @throws {CommandError} It cannot be reached, or does not let us in.
   */
  static async open(
    url: string,
    env: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    patienceMs: number | null = null,
    waiting: Waiting | null = null,
  ): Promise<Connection> {
    const place = fleetPlace(url, env);
    const client = clientOf(place);
    const connection = new Connection(client, place, signal, patienceMs, waiting);
    const stop = () => connection.#leave("it was given up");
    signal.addEventListener("abort", stop);
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      await client.connect();
      late = setTimeout(() => connection.#leave("it does not answer"), CONNECT_MS);
      await connection.#orGone(client.query(SETTINGS));
    } catch (error) {
      await connection.close();
      if (signal.aborted) throw new Stopped(String(signal.reason));
      throw databaseFailure(place.shown, error);
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", stop);
    }
    return connection;
  }

  /** Where it is, for messages. */
  get shown(): string {
    return this.#place.shown;
  }

  /** Rows as arrays of columns. Throws CommandError; Stopped where the signal ends it. */
  async rows<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return await this.#during(lengthOf(parameters), async () => {
      const values = parameters.map((one) => one instanceof Uint8Array ? Buffer.from(one) : one);
      const found = await this.#client.query({ text: sql, values, rowMode: "array" });
      this.#rows += found.rows.length;
      return found.rows as Row[];
    });
  }

  /** Several statements without parameters. */
  async run(sql: string): Promise<void> {
    await this.#during(0, async () => {
      await this.#client.query(sql);
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
      await this.#orGone(this.#client.query("ROLLBACK")).catch(() => {});
      throw error;
    }
  }

  /** Says goodbye; a server that does not answer is left. */
  async close(): Promise<void> {
    const late = setTimeout(() => this.#leave("it does not answer"), LEAVE_MS);
    await this.#orGone(this.#client.end()).catch(() => {});
    clearTimeout(late);
  }

  #leaveAll(error: Error): void {
    this.#gone ??= error;
    for (const leave of this.#asked) leave(this.#gone);
  }

  /**
   * An answer; rejects when the connection is gone before. A race with one promise for all of the
   * time would hold every answer until then.
   */
  #orGone<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (this.#gone !== null) reject(this.#gone);
    this.#asked.add(reject);
    answer.then(resolve, reject);
    return promise.finally(() => this.#asked.delete(reject));
  }

  /** Ends the connection from this side, at once. */
  #leave(why: string): void {
    const { connection } = this.#client as pg.Client & {
      connection: { stream: { destroy(error: Error): void } };
    };
    connection.stream.destroy(new Error(why));
  }

  /** Waits for the answer to a question of so many bytes. */
  async #during<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#signal.aborted) throw new Stopped(String(this.#signal.reason));
    const patience = this.#patienceMs;
    const timers: ReturnType<typeof setTimeout>[] = [];
    const leaveIn = (ms: number, why: string) => {
      timers.push(setTimeout(() => this.#leave(why), ms));
    };
    const ends: Promise<void>[] = [];
    const cancel = () => {
      const late = new Promise<void>((resolve) => timers.push(setTimeout(resolve, LEAVE_MS)));
      // Whoever goes before it is told may take a pool in between along: pgbouncer 1.18 ends then.
      ends.push(Promise.race([this.#cancel(), late]));
      leaveIn(LEAVE_MS, "it was given up");
    };
    this.#signal.addEventListener("abort", cancel);
    const waiting = this.#waiting;
    const telling = waiting && setInterval(() => waiting.wait(this.#rows), TELL_MS);
    if (patience !== null) {
      const ms = patience + Math.ceil(bytes / SLOWEST);
      leaveIn(ms, `no answer within ${Math.round(ms / 1000)}s`);
    }
    try {
      return await this.#orGone(work());
    } catch (error) {
      await Promise.all(ends);
      if (this.#signal.aborted) throw new Stopped(String(this.#signal.reason));
      throw databaseFailure(this.#place.shown, error);
    } finally {
      this.#signal.removeEventListener("abort", cancel);
      if (telling !== null) clearInterval(telling);
      waiting?.done();
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /**
   * Ends what this connection asks, as PostgreSQL has it: by the key of the connection, which needs
   * no login and no room among the others, and which a pool in between takes to the right one.
   */
  async #cancel(): Promise<void> {
    const { processID, secretKey } = this.#client as pg.Client & Cancelled;
    const other = clientOf(this.#place) as pg.Client & Cancelling;
    const { connection } = other;
    other.on("error", () => {});
    connection.startup = () => connection.cancel(processID, secretKey);
    // It is closed without an answer.
    await other.connect().catch(() => {});
  }
}

/** What its client knows of a connection. */
interface Cancelled {
  readonly processID: number;
  readonly secretKey: number;
}

/** What a client has to say at first, and what can be said in its place. */
interface Cancelling {
  readonly connection: {
    startup: () => void;
    cancel(processID: number, secretKey: number): void;
  };
}

/** Of texts: all else is small. */
function lengthOf(parameters: readonly Parameter[]): number {
  return parameters.flat().reduce<number>(
    (sum, one) => sum + (typeof one === "string" || one instanceof Uint8Array ? one.length : 0),
    0,
  );
}

function clientOf({ host, port, user, database, password, ssl, more }: FleetPlace): pg.Client {
  return new pg.Client({
    application_name: "fh",
    ...more,
    ...{ host, port, user, database, ssl },
    // Without one its client goes by what the server asks for.
    password: password ?? undefined,
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
