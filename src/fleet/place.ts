/**
 * Where a fleet is: a URL, the environment and libpq's service file, as settings of a connection.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CommandError, EXIT, UsageError } from "../fault.ts";
import { openUsers } from "../proc/users.ts";
import { passwordFrom } from "./pass_file.ts";
import { type FleetTls, takeTls } from "./tls.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Of the systemd unit: LoadCredential=fh-fleet-password:/etc/fh/password. */
const CREDENTIAL = "fh-fleet-password";
/** Where Debian's server listens on this host. */
const SOCKETS = "/var/run/postgresql";
const PORT = "5432";
const SCHEMES = ["postgres:", "postgresql:"];

/** How a database is reached. */
export interface FleetPlace {
  /** With everything that libpq knows as parameters. */
  readonly url: string;
  /** Null: none is known, and most often none is needed. */
  readonly password: string | null;
  readonly ssl: FleetTls;
  /** For messages. */
  readonly shown: string;
}

/**
 * Reads `postgres://user@host:port/database?sslmode=…`, as an option has it: a password in it would
 * be there for everybody to read. Throws UsageError.
 */
export function parseFleet(text: string): string {
  const url = urlOf(text);
  if (url.password === "" && !url.searchParams.has("password")) return text;
  const advice = "give it by PGPASSFILE, a service file, PGPASSWORD or a systemd credential";
  throw new UsageError(
    `Bad database: a command line with a password can be read by all; ${advice}`,
  );
}

/** The place that a URL names. Throws UsageError, or CommandError where a file is missing. */
export function fleetPlace(text: string, env: Env): FleetPlace {
  const url = urlOf(text);
  const service = url.searchParams.get("service") ?? env["PGSERVICE"] ?? null;
  url.searchParams.delete("service");
  if (service !== null) addService(url, service, env);
  if (url.searchParams.get("host") === "") url.searchParams.set("host", env["PGHOST"] || SOCKETS);
  const host = url.searchParams.get("host") ??
    (decodeURIComponent(url.hostname) || (env["PGHOST"] ?? ""));
  const isLocal = host === "" || host.startsWith("/");
  if (host === "") url.searchParams.set("host", SOCKETS);
  const ssl = takeTls(url.searchParams, env, isLocal);
  const user = decodeURIComponent(url.username) || url.searchParams.get("user") ||
    env["PGUSER"] || userOfHere();
  if (url.username === "" && user !== null) url.searchParams.set("user", user);
  const where = `${isLocal ? host || "its socket" : url.host || host}${url.pathname}`;
  const whose = {
    host: host || SOCKETS,
    port: url.searchParams.get("port") || url.port || env["PGPORT"] || PORT,
    database: decodeURIComponent(url.pathname.slice(1)) || (env["PGDATABASE"] ?? user ?? ""),
    user: user ?? "",
  };
  const password = readCredential(env) ?? url.searchParams.get("password") ?? env["PGPASSWORD"] ??
    passwordFrom(env["PGPASSFILE"] ?? join(env["HOME"] ?? "/", ".pgpass"), whose);
  return { url: url.href, password, ssl, shown: where };
}

/** As for every client of PostgreSQL: USER may be another's, or missing. */
function userOfHere(): string | null {
  return openUsers().name(process.geteuid!());
}

function urlOf(text: string): URL {
  try {
    // No host means the socket of this host; WHATWG knows no user of no host.
    const url = new URL(text.replace(/^(postgres(?:ql)?:\/\/[^/@]*@)(?=\/|$)/, "$1localhost"));
    if (text.includes("@/")) url.searchParams.append("host", url.searchParams.get("host") ?? "");
    for (const part of [url.hostname, url.username, url.pathname]) decodeURIComponent(part);
    if (SCHEMES.includes(url.protocol)) return url;
  } catch {
    // Told below.
  }
  const advice = "give postgres://user@host/database";
  // A password may be in it.
  throw new UsageError(`Bad database: it is no URL of PostgreSQL; ${advice}`);
}

function addService(url: URL, name: string, env: Env): void {
  const path = env["PGSERVICEFILE"] ?? join(env["HOME"] ?? "/", ".pg_service.conf");
  const found = parseServices(readText(path) ?? "").get(name);
  if (found === undefined) {
    const what = `No service ${JSON.stringify(name)} in ${path}`;
    throw new CommandError(EXIT.failed, `${what}; add it, or give the host in the URL`);
  }
  for (const [key, value] of found) {
    if (key === "dbname") {
      if (url.pathname.length <= 1) url.pathname = `/${encodeURIComponent(value)}`;
    } else if (!url.searchParams.has(key)) url.searchParams.set(key, value);
  }
}

/** Sections of libpq's service file. */
export function parseServices(text: string): Map<string, Map<string, string>> {
  const services = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
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

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${code ?? message}; see its mode`);
  }
}
