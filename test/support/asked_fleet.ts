/**
 * A fleet of three hosts for tests of the executable: all of them are recorded on this one, each
 * with a load of its own, and shipped into a real PostgreSQL.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { temporaryFolder } from "./at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "./executable.ts";
import { missingPostgres, Postgres } from "./postgres.ts";
import { Running } from "./running.ts";

/** What is missing for it, for `unless()`. */
export const missing = missingPostgres ?? (process.getuid!() === 0 ? null : "needs root");
const folder = missing === null ? temporaryFolder("fh-asking-") : "";
/** The server. */
export const server = missing === null ? new Postgres() : null!;
/** The hosts. */
export const HOSTS = ["web1", "web2", "db1"] as const;

/** What each host does, beside what all of them do. */
const LOADS: Readonly<Record<string, string>> = {
  web1: "for i in 1 2 3 4 5 6 7 8 9; do sh -c 'exit 3'; done",
  web2: "sh -c 'true only-here'; for i in 1 2 3 4 5 6; do sh -c 'kill -SEGV $$'; done",
  db1: "/bin/true a; /bin/true b; /bin/true c",
};

/** The environment of a command on a host. */
export function envOf(host: string): Record<string, string> {
  const { PATH = "" } = process.env;
  const own = { FH_DB: join(folder, host, "history.db"), FH_SOCKET: join(folder, host, "fh.sock") };
  return { PATH, HOME: folder, ...own, TZ: "UTC" };
}

/** Asks the fleet. */
export function fleet(...args: string[]): Outcome {
  const env = { ...envOf("nobody"), FH_FLEET: server.url("reader") };
  return runFh(args, { env });
}

/** What it has printed, where it ended as expected. */
export function done({ status, stdout, stderr }: Outcome, expected = 0): string {
  assert.equal(status, expected, stderr);
  return stdout;
}

/** Records a load as a host that has a job, and ships it. */
async function record(host: string): Promise<void> {
  mkdirSync(join(folder, host), { mode: 0o700 });
  await using recorder = Running.start([FH, "record"], { env: envOf(host) });
  await recorder.startedWhen("it listens", () => recorder.stderr.includes("listening on"));
  const load =
    `${FH} job create build; sh -c '${FH} job add build $$; sh -c "true job; exit 7"'; ` +
    `sh -c "sh -c 'exit 5'; true"; ${LOADS[host]}; true`;
  done(runProgram("sh", ["-c", load], { env: envOf(host) }));
  await recorder.end("SIGINT");
  const to = ["ship", "--to", server.url(host), "--host-name", host, "--once"];
  done(runFh(to, { env: envOf(host) }));
}

/** When all of it is there. */
export const made = missing === null
  ? (async () => {
    const names = HOSTS.flatMap((host) => ["--host", host]);
    const env = { ...envOf("nobody"), FH_FLEET: server.url("owner") };
    done(runFh(["fleet", "init", ...names, "--reader", "reader", "-q"], { env }));
    for (const host of HOSTS) await record(host);
    return new Date().toISOString();
  })()
  : null!;

/** Fields in which answers differ: where it was, and what is not known there. */
const OWN = new Set(["host", "hosts", "user", "title", "cpus", "same"]);
/** Notes in which they do: who else has the same story, and whether anything new is known. */
const OWN_NOTES = /is known on \d+ of \d+ hosts|no recorder is at work|nothing new is known of/;

/** What lives is looked at on a host alone. */
const OF_LIVING = /; what ended is counted as a whole, and .*$/;

/** All of them were recorded on this host, in one boot: ids over several have its number. */
export const MARK = /(?<=\b[0-9a-f]{8})_\d+(?=-\d+-)/g;

/** Each line of JSON without them, byte for byte; sentences and commands name the host as well. */
export function bare(text: string): string[] {
  const named = new RegExp(`^(?:${HOSTS.join("|")}): | --host (?:${HOSTS.join("|")})`, "g");
  return text.replaceAll(MARK, "").trimEnd().split("\n").map((line) =>
    JSON.stringify(parse(line, (key, value) => {
      if (OWN.has(key)) return undefined;
      if (key === "notes") return (value as unknown[]).filter(isOfBoth);
      if (key === "text") return String(value).replace(OF_LIVING, "");
      const { ended, duration_ns: _, state: _state, started: _started, ...rest } = Object(value);
      // Of who lives the host tells the state, and the start by the clock as it stands now.
      if (ended === null && Array.isArray(rest["argv"])) return rest;
      return key === "words" || key === "command" ? String(value).replaceAll(named, "") : value;
    }))
  );
}

/** Whether a host and the fleet note the same: a sentence, or with its kind. */
function isOfBoth(note: unknown): boolean {
  return !OWN_NOTES.test(JSON.stringify(note));
}

/** A line of JSON. */
export function parse(line: string, revive: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(line, revive);
  } catch {
    throw new Error(`no JSON: ${line}`);
  }
}

/** What a host says, by its own history; of trouble the status tells, too. */
export function own(host: string, ...args: string[]): string {
  return said(runFh(args, { env: envOf(host) }), `${host}: ${args.join(" ")}`);
}

/** What it has printed, where it had something to say. */
export function said({ stdout, stderr, status }: Outcome, what: string): string {
  assert.ok(status === 0 || status === 1, `${what}: ${stderr}`);
  assert.ok(stdout.length > 20, `${what}: ${stderr}`);
  return stdout;
}
