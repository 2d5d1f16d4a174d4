/**
 * Where a fleet is: a URL, libpq's service file and the environment, in this order, as settings of
 * a connection.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CommandError, EXIT, UsageError } from "../fault.ts";
import { openUsers } from "../proc/users.ts";
import { passwordFrom } from "./pass_file.ts";
import { type FleetTls, tlsOf } from "./tls.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** By libpq's names; what is empty is not there. */
type Settings = Map<string, string>;

/** Of the systemd unit: LoadCredential=fh-fleet-password:/etc/fh/password. */
const CREDENTIAL = "fh-fleet-password";
/** Where Debian's server listens on this host, and what that is called in a password file. */
const SOCKETS = "/var/run/postgresql";
const LOCAL = "localhost";
const PORT = "5432";
const SCHEMES = ["postgres:", "postgresql:"];
/** A URL without a host, with all that stands before it. */
const HOSTLESS = /^(postgres(?:ql)?:\/\/(?:[^/?@]*@)?)(?=(?::\d*)?(?:[/?]|$))/i;
/** Settings of which fh makes nothing by itself. */
const HANDED_ON = [
  ...["application_name", "options", "sslnegotiation"],
  ...["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
];

/** How a database is reached. */
export interface FleetPlace {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  /** Undefined: nobody knows, and its client has to. */
  readonly user: string | undefined;
  readonly database: string | undefined;
  /** Null: none is known, and most often none is needed. */
  readonly password: string | null;
  readonly ssl: FleetTls;
  /** What else is said to the server, by libpq's names. */
  readonly more: Readonly<Record<string, string>>;
  /** For messages. */
  readonly shown: string;
}

/**
 * Reads `postgres://user@host:port/database?sslmode=…`, as an option has it: a password in it would
 * be there for everybody to read. Throws UsageError.
 */
export function parseFleet(text: string): string {
  if (!settingsOf(text).has("password")) return text;
  const advice = "give it by PGPASSFILE, a service file, PGPASSWORD or a systemd credential";
  throw new UsageError(
    `Bad database: a command line with a password can be read by all; ${advice}`,
  );
}

/** The place that a URL names. Throws UsageError, or CommandError where a file is missing. */
export function fleetPlace(text: string, env: Env): FleetPlace {
  const settings = settingsOf(text);
  const service = settings.get("service") || env["PGSERVICE"];
  if (service) addService(settings, service, env);
  const named = settings.get("host") || env["PGHOST"];
  const host = named || SOCKETS;
  const port = settings.get("port") || env["PGPORT"] || PORT;
  const user = settings.get("user") || env["PGUSER"] || userOfHere() || undefined;
  const database = settings.get("dbname") || env["PGDATABASE"] || user;
  const isLocal = host.startsWith("/");
  const ssl = tlsOf(settings, env, isLocal);
  const path = settings.get("passfile") || env["PGPASSFILE"] || inHome(env, ".pgpass");
  const whose = {
    host: host === SOCKETS ? LOCAL : host,
    ...{ port, database: database ?? "", user: user ?? "" },
  };
  const password = readCredential(env) || settings.get("password") || env["PGPASSWORD"] ||
    passwordFrom(path, whose);
  const more = HANDED_ON.flatMap((name) => {
    const value = settings.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...{ host, port: Number(port), user, database, password, ssl },
    more: Object.fromEntries(more),
    shown: named ? shownPlace(named, isLocal, settings) : `its socket${pathOf(settings)}`,
  };
}

function shownPlace(host: string, isLocal: boolean, settings: Settings): string {
  const name = host.includes(":") ? `[${host}]` : host;
  const port = isLocal ? undefined : settings.get("port");
  return `${name}${port === undefined ? "" : `:${port}`}${pathOf(settings)}`;
}

function pathOf(settings: Settings): string {
  const name = settings.get("dbname");
  return name === undefined ? "" : `/${encodeURIComponent(name)}`;
}

/** As for every client of PostgreSQL: USER may be another's, or missing. */
function userOfHere(): string | null {
  return openUsers().name(process.geteuid!());
}

/** What a URL says; behind the question mark it can say it otherwise. Throws UsageError. */
function settingsOf(text: string): Settings {
  try {
    // No host means the socket of this host; WHATWG knows no user and no port of no host.
    const isHostless = HOSTLESS.test(text);
    const url = new URL(text.replace(HOSTLESS, `$1${LOCAL}`));
    const parts = {
      host: isHostless ? "" : url.hostname.replace(/^\[(.*)\]$/, "$1"),
      ...{ port: url.port, user: url.username, password: url.password },
      dbname: url.pathname.slice(1),
    };
    const said = Object.entries(parts)
      .map(([name, part]) => [name, decodeURIComponent(part)] as const);
    // A plus is one there, and no space.
    const more = new URLSearchParams(url.search.replaceAll("+", "%2B"));
    if (SCHEMES.includes(url.protocol)) {
      return new Map([...said, ...more].filter(([, value]) => value !== ""));
    }
  } catch {
    // Told below.
  }
  const advice = "give postgres://user@host/database";
  // A password may be in it.
  throw new UsageError(`Bad database: it is no URL of PostgreSQL; ${advice}`);
}

/** Adds what a service says and the URL does not. */
function addService(settings: Settings, name: string, env: Env): void {
  const path = env["PGSERVICEFILE"] || inHome(env, ".pg_service.conf");
  const found = parseServices(readText(path) ?? "").get(name);
  if (found === undefined) {
    const what = `No service ${JSON.stringify(name)} in ${path}`;
    throw new CommandError(EXIT.failed, `${what}; add it, or give the host in the URL`);
  }
  for (const [key, value] of found) {
    if (!settings.has(key) && value !== "") settings.set(key, value);
  }
}

/** Sections of libpq's service file. */
export function parseServices(text: string): Map<string, Settings> {
  const services = new Map<string, Settings>();
  let section: Settings | undefined;
  for (const line of text.split("\n").map((one) => one.trim())) {
    const head = /^\[(.+)\]$/.exec(line);
    if (head !== null) services.set(head[1]!, section = new Map());
    const [, key, value] = /^([a-z_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) section?.set(key, value!);
  }
  return services;
}

function readCredential(env: Env): string | null {
  const folder = env["CREDENTIALS_DIRECTORY"];
  return folder === undefined ? null : readText(join(folder, CREDENTIAL))?.trimEnd() ?? null;
}

function inHome(env: Env, name: string): string {
  return join(env["HOME"] || "/", name);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${code ?? message}; see its mode`);
  }
}
