/**
 * Fleets for tests: a real PostgreSQL, and histories that are shipped into it.
 *
 * @module
 */
import { Connection } from "../../src/fleet/connection.ts";
import { FleetSink } from "../../src/fleet/sink.ts";
import { hostGrants, makeRole, migrate, readerGrants } from "../../src/fleet/tables.ts";
import { ship, type ShipOptions } from "../../src/ship/ship.ts";
import { Postgres } from "./postgres.ts";

/** Machines are told apart by a uuid; one for each name here. */
const machineOf = (name: string) =>
  [...name].map((one) => one.charCodeAt(0).toString(16)).join("")
    .padEnd(32, "0").slice(0, 32);

/** What a shipment has told. */
export interface Told {
  name: string;
  lives: number;
  forgotten: number;
  readonly failures: string[];
}

/** A database with tables, and a role for each host. */
export class TestFleet {
  readonly server = new Postgres();

  /** Makes the tables and the roles of hosts, and of `reader`. */
  async init(...hosts: readonly string[]): Promise<this> {
    await this.as("owner", async (db) => {
      await migrate(db, null);
      for (const host of hosts) await makeRole(db, host, hostGrants(host));
      await makeRole(db, "reader", readerGrants("reader"));
    });
    return this;
  }

  /** Does work as a user. */
  async as<Result>(user: string, work: (db: Connection) => Promise<Result>): Promise<Result> {
    const db = await Connection.open(this.server.url(user), {}, new AbortController().signal);
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }

  /** Ships all that a history has, as a host. */
  async ship(
    path: string,
    host: string,
    given: Partial<ShipOptions> & { readonly machine?: string; readonly name?: string } = {},
    onRound: (lives: number) => void = () => {},
    url: string = this.server.url(host),
  ): Promise<Told> {
    const told: Told = { name: "", lives: 0, forgotten: 0, failures: [] };
    const { machine = machineOf(host), name = host, ...options } = given;
    const who = { machine, name, version: "0" };
    await ship({
      path,
      open: (signal) => FleetSink.open(url, {}, who, signal),
      argv: true,
      rate: 1e6,
      once: true,
      accepts: null,
      stays: false,
      signal: new AbortController().signal,
      ...options,
    }, {
      begun: (name) => told.name = name,
      round: ({ lives, forgotten }) => {
        onRound(lives);
        told.lives += lives;
        told.forgotten += forgotten;
      },
      failed: (message) => told.failures.push(message),
    });
    return told;
  }
}
