/**
 * Hosts of a fleet for tests of the executable: each ships from a network namespace of its own, by
 * a cable that can be pulled, to a PostgreSQL on this host. What they record is all of this host:
 * the kernel tells of processes in its first namespaces alone.
 *
 * @module
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { atEnd, temporaryFolder } from "./at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "./executable.ts";
import { missingPostgres, Postgres } from "./postgres.ts";
import { program, programsMissing } from "./programs.ts";
import { Running } from "./running.ts";
import { until } from "./until.ts";

/** What is missing for them, for `unless()`. */
export const missingHosts: string | null = missingPostgres ?? programsMissing ??
  (process.getuid!() === 0
    ? existsSync("/sbin/ip") || existsSync("/usr/sbin/ip")
      ? null
      : "needs ip(8): apt-get install iproute2"
    : "needs root");

/** Names of interfaces have 15 characters at most, and other runs have theirs. */
const TAG = (process.pid % 46_656).toString(36);
const NET = `10.${200 + process.pid % 50}.${Math.floor(process.pid / 50) % 250}`;

function must(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = runProgram(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A server, and hosts that reach it by cables. */
export class FleetWorld {
  readonly server: Postgres;
  readonly folder: string = temporaryFolder("fh-hosts-");
  readonly hosts: FleetHost[] = [];
  readonly #bridge = `fhb${TAG}`;

  private constructor() {
    must("ip", "link", "add", this.#bridge, "type", "bridge");
    // Before the server goes, which is not in the way.
    atEnd(() => this.#takeDown());
    must("ip", "address", "add", `${NET}.1/24`, "dev", this.#bridge);
    must("ip", "link", "set", this.#bridge, "up");
    this.server = new Postgres();
    this.server.trust(`${NET}.0/24`);
    this.server.stop("fast");
    this.start();
  }

  /** A world with a host for each name, all of them known to the fleet. */
  static make(...names: readonly string[]): FleetWorld {
    const world = new FleetWorld();
    const hosts = names.flatMap((name) => ["--host", name]);
    world.ok("fleet", "init", "-q", ...hosts);
    names.forEach((name, at) => world.hosts.push(new FleetHost(world, name, at + 2)));
    return world;
  }

  /** Starts the server, also one that was killed just now. */
  start(): void {
    this.server.start({ listen_addresses: `${NET}.1` });
  }

  /** Runs fh on the host of the server, as its owner; what it prints. */
  ok(...args: readonly string[]): string {
    const { status, stdout, stderr } = this.fh(...args);
    if (status !== 0) throw new Error(`fh ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** The same, where it may fail. */
  fh(...args: readonly string[]): Outcome {
    return runFh(args, { env: { ...this.env, FH_FLEET: this.server.url("owner") } });
  }

  get env(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", HOME: this.folder };
  }

  /** The only value that a question has for a host. */
  ask(sql: string): string {
    return this.server.ask(sql);
  }

  /** Adds a cable's end on this side; for hosts. */
  plug(cable: string): void {
    must("ip", "link", "set", cable, "master", this.#bridge, "up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host.end();
    this.#takeDown();
    this.server.stop("immediate");
  }

  #takeDown(): void {
    for (const host of this.hosts) host.takeDown();
    runProgram("ip", ["link", "delete", this.#bridge]);
  }
}

/** One host. */
export class FleetHost {
  readonly name: string;
  readonly db: string;
  recorder: Running | null = null;
  shipper: Running | null = null;
  readonly #world: FleetWorld;
  readonly #namespace: string;
  readonly #cable: string;
  readonly #machine: string;

  constructor(world: FleetWorld, name: string, number: number) {
    this.#world = world;
    this.name = name;
    this.#namespace = `fh-${TAG}-${number}`;
    this.#cable = `fhc${TAG}-${number}`;
    const folder = join(world.folder, name);
    mkdirSync(folder, { mode: 0o700 });
    this.db = join(folder, "history.db");
    this.#machine = join(folder, "machine-id");
    writeFileSync(this.#machine, `${String(number).repeat(32).slice(0, 32)}\n`);
    must("ip", "netns", "add", this.#namespace);
    const peer = ["peer", "name", "eth0", "netns", this.#namespace];
    must("ip", "link", "add", this.#cable, "type", "veth", ...peer);
    world.plug(this.#cable);
    this.inside("ip", "address", "add", `${NET}.${number}/24`, "dev", "eth0");
    this.inside("ip", "link", "set", "eth0", "up");
  }

  /** Runs a program in the host's network. */
  inside(...command: readonly string[]): string {
    return must("ip", "netns", "exec", this.#namespace, ...command);
  }

  /** Pulls the cable. */
  cut(): void {
    must("ip", "link", "set", this.#cable, "down");
  }

  /** Puts it back. */
  mend(): void {
    must("ip", "link", "set", this.#cable, "up");
  }

  /** Lets so many kilobits a second pass, late where the kernel can hold them back. */
  slow(kbit: number): void {
    const late = ["root", "netem", "delay", "80ms", "20ms", "loss", "2%", "rate", `${kbit}kbit`];
    const bucket = ["root", "tbf", "rate", `${kbit}kbit`, "burst", "8kb", "latency", "400ms"];
    const limit = (how: readonly string[]) =>
      runProgram("ip", [
        ...["netns", "exec", this.#namespace, "tc", "qdisc", "add", "dev", "eth0"],
        ...how,
      ]);
    // Not every kernel has the one that is made for this.
    if (limit(late).status === 0) return;
    const { status, stderr } = limit(bucket);
    if (status !== 0) throw new Error(`tc: ${stderr}`);
  }

  /** Starts to record, and waits until it does. */
  async record(...more: readonly string[]): Promise<void> {
    const env = { ...this.#world.env, FH_DB: this.db };
    this.recorder = Running.start([FH, "record", "--no-socket", ...more], { env });
    const { recorder } = this;
    await recorder.startedWhen("it records", () => recorder.stderr.includes("recording to"));
  }

  /** The URL of the fleet as this host reaches it. */
  get url(): string {
    return `postgres://${this.name}@${NET}.1/postgres?sslmode=disable`;
  }

  /** Starts to ship, as a machine of its own. */
  ship(...more: readonly string[]): Running {
    return this.shipper = Running.start(this.#shipping(...more), { env: this.#world.env });
  }

  /** Ships all that is there now. */
  shipOnce(...more: readonly string[]): Outcome {
    const [file = "", ...args] = this.#shipping("--once", ...more);
    return runProgram(file, args, { env: this.#world.env });
  }

  #shipping(...more: readonly string[]): string[] {
    const script = 'mount --bind "$1" /etc/machine-id && shift && exec "$@"';
    return [
      ...["ip", "netns", "exec", this.#namespace, "unshare", "-m", "sh", "-c", script, "sh"],
      ...[this.#machine, FH, "ship", "--to", this.url, "--host-name", this.name, "--db", this.db],
      ...more,
    ];
  }

  /** Ends the recorder; all is written then. */
  async stopRecording(): Promise<void> {
    await this.recorder?.end("SIGINT");
    await this.recorder?.[Symbol.asyncDispose]();
    this.recorder = null;
  }

  /** Ends who ships; what it has said comes back. */
  async stopShipping(): Promise<string> {
    const { stderr = "" } = await this.shipper?.end("SIGINT") ?? {};
    await this.shipper?.[Symbol.asyncDispose]();
    this.shipper = null;
    return stderr;
  }

  /** Lives in the history. */
  get lives(): number {
    const db = new DatabaseSync(this.db, { readOnly: true });
    const [row] = db.prepare("SELECT count(*) AS n FROM life").all();
    db.close();
    return Number(row!["n"]);
  }

  /** Lives in the fleet: all, and those of which the fleet does not know the end. */
  get shipped(): { readonly lives: number; readonly open: number } {
    const row = this.#world.ask(`SELECT count(*), count(*) - count(l.span) FROM fh.life l
      JOIN fh.host h ON h.id = l.host WHERE h.role = '${this.name}'`);
    const [lives, open] = row.split("|").map(Number);
    return { lives: lives!, open: open! };
  }

  /** Waits until the fleet has as many lives as the history. */
  async complete(): Promise<void> {
    const { lives } = this;
    await until(() => this.shipped.lives === lives, `${this.name} ships ${lives} lives`);
  }

  async end(): Promise<void> {
    await this.stopShipping();
    await this.stopRecording();
  }

  takeDown(): void {
    runProgram("ip", ["netns", "delete", this.#namespace]);
    runProgram("ip", ["link", "delete", this.#cable]);
  }

  /** Removes the history, for another to be put in its place. */
  forget(): void {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.db + suffix, { force: true });
  }
}

/** Forks chains, and knows who forked whom: pairs of the pids of a process and its child. */
export function makeChains(chains: number, depth: number): readonly (readonly [number, number])[] {
  const forks = program("forks")!;
  const { stdout, status, stderr } = runProgram(forks, [String(chains), "-d", String(depth)]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split("\n").map((line) => {
    const [forker, child] = line.split(" ").map(Number);
    return [forker!, child!] as const;
  });
}

/**
 * How often the fleet has a life of a host that was forked by the one that did: one number for each
 * fork of the truth, in whichever order.
 */
export function countForks(
  world: FleetWorld,
  host: string,
  truth: readonly (readonly [number, number])[],
): Map<number, number> {
  const rows = world.ask(
    `SELECT w.forker, w.child, count(l.id) FROM unnest(ARRAY[${truth.map(([one]) => one)}],
        ARRAY[${truth.map(([, two]) => two)}]) w (forker, child)
      LEFT JOIN fh.host h ON h.role = '${host}'
      LEFT JOIN fh.life l ON l.host = h.id AND l.pid = w.child
        AND (l.parent >> 3 & 4194303) = w.forker
      GROUP BY 1, 2`,
  ).split("\n");
  const counts = new Map<number, number>();
  for (const row of rows) {
    const n = Number(row.split("|")[2]);
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  return counts;
}
