/**
 * A PostgreSQL of its own: its folder, its socket, no port but one of this host where it is asked
 * for; as a user without rights, because it refuses to be root's.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { atEnd, temporaryFolder } from "./at_end.ts";
import { runs } from "./running.ts";

const UNPACKED = fileURLToPath(new URL("../../node_modules/.debian/", import.meta.url));
/** Of `nobody`: PostgreSQL is not started as root. */
const NOBODY = 65534;

/** Where its programs are; null where it is not there. */
export const postgresPrograms: string | null = findPrograms();

/** What of it is missing, for `unless()`. */
export const missingPostgres: string | null = postgresPrograms === null ? "postgresql" : null;

function findPrograms(): string | null {
  for (const root of ["/", UNPACKED]) {
    const folder = join(root, "usr/lib/postgresql");
    const versions = existsSync(folder) ? readdirSync(folder).sort() : [];
    for (const version of versions.reverse()) {
      const bin = join(folder, version, "bin");
      if (existsSync(join(bin, "initdb"))) return bin;
    }
  }
  return null;
}

/** One server. */
export class Postgres {
  readonly folder: string;
  readonly #data: string;

  /**
   * Makes a database cluster, and starts it; it ends and goes with the tests, or where `end` says,
   * in a folder that somebody else removes.
   */
  constructor(folder: string | null = null, end: (act: () => void) => void = atEnd) {
    // Before the folder goes, for what is done at the end is done in this order.
    end(() => this.stop("immediate"));
    this.folder = folder ?? temporaryFolder("fh-postgres-");
    this.#data = join(this.folder, "data");
    if (process.getuid!() === 0) chownSync(this.folder, NOBODY, NOBODY);
    chmodSync(this.folder, 0o755);
    this.#run("initdb", ["-D", this.#data, "-U", "owner", "-A", "trust", "-N", "-E", "UTF8"]);
    this.start();
  }

  /** Starts it, and waits until it answers; with other settings where some are given. */
  start(more: Readonly<Record<string, string>> = {}): void {
    const settings = {
      listen_addresses: "",
      unix_socket_directories: this.folder,
      fsync: "off",
      ...more,
    };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
      .join(" ");
    const log = join(this.folder, "log");
    this.#run("pg_ctl", ["-D", this.#data, "-l", log, "-w", "-t", "60", "-o", options, "start"]);
  }

  /** Ends it: `immediate` is what kill -9 would be, with a recovery at the next start. */
  stop(mode: "fast" | "immediate"): void {
    this.#run("pg_ctl", ["-D", this.#data, "-m", mode, "-w", "stop"], true);
  }

  /** Lets in who comes from a network, such as 10.0.0.0/24, from its next start on. */
  trust(network: string): void {
    appendFileSync(join(this.#data, "pg_hba.conf"), `host all all ${network} trust\n`);
  }

  /** Asks a user for a password, from the next start on; the owner has none. */
  password(user: string, password: string): void {
    this.ask(`ALTER ROLE "${user}" PASSWORD '${password}'`);
    const path = join(this.#data, "pg_hba.conf");
    const asking = `local all "${user}" scram-sha-256\n`;
    writeFileSync(path, asking + readFileSync(path, "utf8"));
  }

  /** Kills it, by SIGKILL, and all that serve connections with it. */
  kill(): void {
    const [pid] = readFileSync(join(this.#data, "postmaster.pid"), "utf8").split("\n");
    // It is to start none meanwhile.
    process.kill(Number(pid), "SIGSTOP");
    const servers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    process.kill(Number(pid), "SIGKILL");
    for (const one of servers.map(Number)) {
      try {
        if (one > 0) process.kill(one, "SIGKILL");
      } catch {
        // Whoever lost the first of them ends by itself.
      }
    }
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while ([Number(pid), ...servers.map(Number)].some((one) => one > 0 && runs(one))) {
      Atomics.wait(sleeper, 0, 0, 10);
    }
    // Whoever nobody waits for still has its pid, and would be taken for one that runs.
    rmSync(join(this.#data, "postmaster.pid"));
    rmSync(join(this.folder, ".s.PGSQL.5432.lock"), { force: true });
  }

  /** The URL of a user; its only database is the one that is there from the beginning. */
  url(user = "owner"): string {
    return `postgres://${user}@/postgres?host=${encodeURIComponent(this.folder)}`;
  }

  /** Values of a question, as psql prints them: rows by lines, columns with `|` between them. */
  ask(sql: string, user = "owner"): string {
    const options = ["-h", this.folder, "-U", user, "-d", "postgres", "-AtX", "-v"];
    return this.#run("psql", [...options, "ON_ERROR_STOP=1", "-c", sql]).trimEnd();
  }

  #run(program: string, words: readonly string[], mayFail = false): string {
    const nobody = process.getuid!() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const done = spawnSync(join(postgresPrograms!, program), words, {
      ...{ cwd: this.folder, encoding: "utf8", ...nobody },
      // A server that stays would hold a pipe open.
      stdio: program === "pg_ctl" ? "ignore" : "pipe",
    });
    if (done.status === 0 || mayFail) return done.stdout ?? "";
    const log = program === "pg_ctl" ? readFileSync(join(this.folder, "log"), "utf8") : "";
    const why = done.stderr ?? done.error ?? log.slice(-2000);
    throw new Error(`${program} ${words.join(" ")}: ${why}`);
  }
}
