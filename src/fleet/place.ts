/**
 * Where a fleet is: a URL, the environment and libpq's service file, as settings of a connection.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, EXIT, UsageError } from "../fault.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Of the systemd unit: LoadCredential=fh-fleet-password:/etc/fh/password. */
const CREDENTIAL = "fh-fleet-password";
/** Where Debian's server listens on this host. */
const SOCKETS = "/var/run/postgresql";
const SCHEMES = ["postgres:", "postgresql:"];

/** How a database is reached. */
export interface FleetPlace {
  /** With everything that libpq knows as parameters. */
  readonly url: string;
  /** Null: PGPASSWORD, PGPASSFILE or ~/.pgpass has it, or none is needed. */
  readonly password: string | null;
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

/** The place that a URL names. Throws UsageError, or CommandError where its service is missing. */
export function fleetPlace(text: string, env: Env): FleetPlace {
  const url = urlOf(text);
  const service = url.searchParams.get("service") ?? env["PGSERVICE"] ?? null;
  url.searchParams.delete("service");
  if (service !== null) addService(url, service, env);
  if (url.searchParams.get("host") === "") url.searchParams.set("host", env["PGHOST"] || SOCKETS);
  const host = url.searchParams.get("host") ?? (url.hostname || (env["PGHOST"] ?? ""));
  const isLocal = host === "" || host.startsWith("/");
  if (host === "") url.searchParams.set("host", SOCKETS);
  if (!isLocal && !url.searchParams.has("sslmode") && env["PGSSLMODE"] === undefined) {
    url.searchParams.set("sslmode", "verify-full");
  }
  const where = `${isLocal ? host || "its socket" : url.host || host}${url.pathname}`;
  return { url: url.href, password: readCredential(env), shown: where };
}

function urlOf(text: string): URL {
  try {
    // No host means the socket of this host; WHATWG knows no user of no host.
    const url = new URL(text.replace(/^(postgres(?:ql)?:\/\/[^/@]*@)(?=\/|$)/, "$1localhost"));
    if (text.includes("@/")) url.searchParams.append("host", url.searchParams.get("host") ?? "");
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
