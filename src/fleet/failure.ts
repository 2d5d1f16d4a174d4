/**
 * What goes wrong with the database of a fleet, as a person can act on it.
 *
 * @module
 */
import pg from "pg";
import { CommandError, EXIT } from "../fault.ts";
import { SinkAway } from "../ship/sink.ts";
import { SUPERSEDED } from "./merge.ts";

const PASSWORD = "give PGPASSFILE, PGPASSWORD or a service file, and see pg_hba.conf";
/** Its client finds out by itself that it has none. */
const NO_PASSWORD = /^SASL|password must be/;
/** What to do about an answer of PostgreSQL: by its SQLSTATE, and by what it says. */
const ADVICE: readonly (readonly [state: RegExp, said: RegExp, advice: string])[] = [
  [/^53300/, /./, "raise max_connections there, or end some that nobody needs"],
  [/^28/, /no PostgreSQL user name/, "name the user, as in postgres://user@host/database"],
  [/^28/, /does not exist/, "name another, or make it: fh fleet init --host or --reader"],
  [/^28/, /./, PASSWORD],
  [/^3D000/, /./, "name one that is there, or make it: createdb -E UTF8 NAME"],
  [/^57014/, /./, "ask for less, or raise statement_timeout for that role"],
  [/^25006/, /./, "connect to the server that takes writes"],
  [/^22P05/, /./, "take a database of encoding UTF8: createdb -E UTF8 -T template0 NAME"],
  [/^42501/, /create role/, "ask as a role that may CREATE ROLE, or make the roles by hand"],
  [/^42501/, /for database|must be owner/, "ask as the owner of that database"],
  [/^42501/, /./, "ask its owner for the role fh_reader, or for one of fh fleet init --host"],
];
/** The database has gone, or is not there yet; else it has said no. */
const AWAY = /^(?:08|40|57P|53)/;
const NO_TABLES = ["3F000", "42P01", "42883", "42703"];

/** The SQLSTATE of an error of PostgreSQL; null where it is another. */
function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? error.code ?? null : null;
}

/** What went wrong at a place. */
export function databaseFailure(shown: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { message } = error as Error;
  const said = message.split("\n")[0] || String((error as { code?: unknown }).code);
  const where = `The fleet at ${shown}`;
  const state = sqlState(error);
  if (state === null && NO_PASSWORD.test(said)) {
    return new CommandError(
      EXIT.failed,
      failedWords(where, "28", "it asks for a password", PASSWORD),
    );
  }
  if (state === null) {
    return new SinkAway(EXIT.failed, `${where} cannot be asked: ${said}; ${wayAdvice(said)}`);
  }
  if (state === SUPERSEDED) {
    return new CommandError(EXIT.failed, `Another fh ships this host to ${shown}; end one of them`);
  }
  if (NO_TABLES.includes(state)) {
    const advice = "run fh fleet init, or fh fleet migrate where fh is newer than the tables";
    return new CommandError(EXIT.failed, `${where} has no tables of this fh; ${advice}`);
  }
  const [, , advice] = ADVICE.find(([its, words]) => its.test(state) && words.test(said)) ?? [];
  if (AWAY.test(state)) {
    const what = `${where} cannot be asked: ${said}`;
    return new SinkAway(EXIT.failed, `${what}; ${advice ?? wayAdvice(said)}`);
  }
  return new CommandError(EXIT.failed, failedWords(where, state, said, advice));
}

function failedWords(
  where: string,
  state: string,
  said: string,
  advice: string | undefined,
): string {
  if (advice === undefined) return `${where} has failed: ${said} (${state})`;
  if (state.startsWith("28")) return `${where} does not let you in: ${said}; ${advice}`;
  return `${where} refuses: ${said}; ${advice}`;
}

/** What to do where nobody has answered, or not as PostgreSQL does. */
function wayAdvice(said: string): string {
  if (/not support SSL/.test(said)) {
    return "set ssl = on there, or allow plain text by ?sslmode=disable";
  }
  if (/altnames|Hostname\/IP/.test(said)) {
    return "connect by the name in its certificate, or give sslmode=verify-ca and sslrootcert=FILE";
  }
  if (/certificate|issuer/i.test(said)) return "name who has signed it by ?sslrootcert=FILE";
  return "see that it runs, and that its host is right";
}
