/**
 * How a connection to a fleet is encrypted, by the settings that libpq knows: what a service file
 * says to psql(1), it says to fh.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tls from "node:tls";
import { CommandError, EXIT, UsageError } from "../fault.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What node:tls is told; false: nothing is encrypted. */
export type FleetTls = false | {
  /** Whom to believe; none: the authorities that the system knows. */
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: false;
  readonly checkServerIdentity?: () => undefined;
};

const MODES = ["verify-full", "verify-ca", "require", "disable"];
const SYSTEM = "system";

/**
 * What settings say, by libpq's names; what is not there comes from the environment and, as with
 * libpq, from ~/.postgresql. Throws UsageError, or CommandError for a file.
 */
export function tlsOf(
  settings: ReadonlyMap<string, string>,
  env: Env,
  isLocal: boolean,
): FleetTls {
  const said = (name: string) => settings.get(name) || env[`PG${name.toUpperCase()}`] || null;
  const mode = said("sslmode") ?? "verify-full";
  if (!MODES.includes(mode)) {
    throw new UsageError(`Bad sslmode: ${JSON.stringify(mode)}; give ${MODES.join(", ")}`);
  }
  if (isLocal || mode === "disable") return false;
  const [rootcert, cert, key] = [said("sslrootcert"), said("sslcert"), said("sslkey")];
  const path = rootcert === SYSTEM ? null : rootcert ?? own(env, "root.crt");
  // Anybody can have what those sign that the system knows, for another name.
  if (path === null && (mode === "verify-ca" || rootcert === SYSTEM && mode !== "verify-full")) {
    const what = `Bad sslmode: ${mode} looks at no name, and no authority of yours is named`;
    throw new UsageError(`${what}; give sslrootcert=FILE, or sslmode=verify-full`);
  }
  const root = read("sslrootcert", path);
  const [chain, secret] = [
    read("sslcert", cert ?? own(env, "postgresql.crt")),
    read("sslkey", key ?? own(env, "postgresql.key")),
  ];
  return {
    ...authorities(root),
    ...chain === null ? {} : { cert: chain },
    ...secret === null ? {} : { key: secret },
    // An authority that is named is asked, says libpq.
    ...mode === "require" && root === null ? { rejectUnauthorized: false as const } : {},
    ...mode === "verify-full" ? {} : { checkServerIdentity: () => undefined },
  };
}

/** A runtime has authorities of its own; those of the system are asked, where it has any. */
function authorities(root: string | null): { readonly ca?: string[] } {
  if (root !== null) return { ca: [root] };
  const ca = tls.getCACertificates(SYSTEM);
  return ca.length === 0 ? {} : { ca };
}

function own(env: Env, name: string): string | null {
  const path = env["HOME"] ? join(env["HOME"], ".postgresql", name) : null;
  return path !== null && existsSync(path) ? path : null;
}

function read(setting: string, path: string | null): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `Cannot read ${path}: ${code ?? message}`;
    throw new CommandError(EXIT.failed, `${what}; see its mode, and ${setting}`);
  }
}
