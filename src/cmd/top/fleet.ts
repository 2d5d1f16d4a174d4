/**
 * What `fh top` does over the hosts of a fleet: looks at what they have shipped.
 *
 * @module
 */
import { createFilter } from "../../ask/filter.ts";
import { Notes } from "../../ask/notes.ts";
import { type Context, tableStyle, useColor } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { isBad } from "../../detect/ends.ts";
import { EXIT, Stopped, UsageError } from "../../fault.ts";
import type { Connection } from "../../fleet/connection.ts";
import { noHost } from "../../fleet/no_host.ts";
import {
  FLEET_TOP_KEYS,
  type FleetTopKey,
  type FleetTopRow,
  lookAtFleet,
  TOP_WINDOW_US,
} from "../../fleet/top.ts";
import { type ImageFilter, WantedImages } from "../../fleet/wanted_images.ts";
import type { Users } from "../../proc/passwd.ts";
import { pause } from "../../steps.ts";
import { LiveScreen } from "../../term/live.ts";
import { mindTerminal } from "../../term/terminal.ts";
import { escapeText, fitWidth } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import { table } from "../../text/table.ts";
import { type FleetRow, fleetTable, fleetTopJson } from "../../view/fleet_top.ts";
import { usersElsewhere } from "../asking.ts";
import { checkFleet, waitingOn } from "../fleet/ask.ts";
import { withFleet } from "../fleet/tables.ts";
import type { AnyTopOptions } from "./command.ts";

const LIMIT = 50;
const INTERVAL_NS = 5e9;
const NS_PER_MS = 1e6;
const US_PER_S = 1e6;
const WINDOW_S = TOP_WINDOW_US / US_PER_S;
const WHAT = "CPU% is that of what has ended in the last minute that each host has told of; " +
  "what runs has used is not known, nor its memory";

/** Runs it; the exit status comes back. */
export async function runFleetTop(context: Context, options: AnyTopOptions): Promise<number> {
  checkFleet(options, { pid: options.pid });
  const by = keyOf(options);
  if (options.sort === "memory") {
    throw new UsageError("Bad options: --sort memory with a fleet, which does not know it");
  }
  filterOf(options, usersElsewhere());
  let screen: LiveScreen | null = null;
  const waiting = waitingOn(context, options.quiet);
  await withFleet(context, options, async (db) => {
    try {
      const top = new FleetTop(context, db, options, by);
      screen = top.screen;
      await top.run();
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }, {
    // What is on a screen is not to be written over.
    wait: (rows) => screen?.isOpen ? undefined : waiting.wait(rows),
    done: () => waiting.done(),
  });
  return EXIT.done;
}

function keyOf({ by = "host" }: AnyTopOptions): FleetTopKey {
  const key = FLEET_TOP_KEYS.find((one) => one === by);
  if (key !== undefined) return key;
  throw new UsageError(`Bad options: --by ${by} with a fleet; give ${FLEET_TOP_KEYS.join(", ")}`);
}

/** What is asked of what they run; null where nothing is. Throws UsageError for an unknown user. */
function filterOf(
  { user, comm, match, cgroup }: AnyTopOptions,
  users: Users,
): ImageFilter | null {
  const given = Object.entries({ user, comm, match, cgroup })
    .filter(([, value]) => value !== undefined);
  const { ofImage, sought } = createFilter(Object.fromEntries(given), users);
  return ofImage === null ? null : { ofImage, sought };
}

class FleetTop {
  readonly #context: Context;
  readonly #db: Connection;
  readonly #options: AnyTopOptions;
  readonly #by: FleetTopKey;
  /** Null: there are tables, or JSON. */
  readonly screen: LiveScreen | null;
  readonly #users = usersElsewhere();
  readonly #images: WantedImages | null;
  #rows: readonly FleetRow[] = [];
  /** Hosts that are too far behind for figures. */
  #late = 0;

  constructor(context: Context, db: Connection, options: AnyTopOptions, by: FleetTopKey) {
    this.#context = context;
    this.#db = db;
    this.#options = options;
    this.#by = by;
    const filter = filterOf(options, this.#users);
    this.#images = filter === null ? null : new WantedImages(db, filter);
    const isLive = context.stdout.isTerminal && !options.json && options.looks !== 1;
    this.screen = isLive ? new LiveScreen(context.stdout) : null;
  }

  /** Looks until there were as many as are wanted, or it is stopped. */
  async run(): Promise<void> {
    const { signal, stdout } = this.#context;
    const { looks, json, interval = INTERVAL_NS } = this.#options;
    const times = looks ?? (json || this.screen !== null ? Infinity : 1);
    await this.#look();
    const forget = this.screen === null
      ? () => {}
      : mindTerminal(this.#context, this.screen, () => this.#draw());
    this.screen?.open();
    try {
      for (let time = 1;; time++) {
        if (this.screen === null) this.#write();
        else this.#draw();
        await stdout.flush();
        if (time >= times || stdout.closed) return;
        await pause(interval / NS_PER_MS, signal);
        if (signal.aborted) return;
        await this.#look();
      }
    } finally {
      this.screen?.close();
      forget();
    }
  }

  async #look(): Promise<void> {
    const { host = "*", sort = "cpu", filter = "" } = this.#options;
    const query = { hosts: host, by: this.#by, isFailure: isBad, images: this.#images };
    const found = await lookAtFleet(this.#db, query);
    if (found.length === 0 && this.#by === "host") {
      throw await noHost(this.#db, host);
    }
    this.#late = found.filter(({ isKnown }) => !isKnown).length;
    const wanted = filter.toLowerCase();
    const rows = found.map((row) => this.#rowOf(row));
    const valueOf = (row: FleetRow) => {
      return sort === "name" || sort === "memory" ? 0 : row[sort] ?? -1;
    };
    this.#rows = rows.filter(({ name }) => name.toLowerCase().includes(wanted))
      .sort((a, b) => valueOf(b) - valueOf(a) || (a.name < b.name ? -1 : 1));
  }

  #rowOf(row: FleetTopRow): FleetRow {
    const { name, cpuUs, living, started, ended, failed, short, lagMs, isKnown } = row;
    const shown = this.#by === "user" && name !== null ? this.#users.name(Number(name)) : null;
    const figure = (value: number) => isKnown ? value : null;
    return {
      name: shown ?? name ?? "-",
      cpu: figure(cpuUs / TOP_WINDOW_US * 100),
      living: figure(living),
      started: figure(started / WINDOW_S),
      failed: figure(failed / WINDOW_S),
      short: ended === 0 ? null : short / ended,
      lagNs: lagMs === null ? null : lagMs * NS_PER_MS,
    };
  }

  #notes(): Notes {
    const notes = new Notes();
    notes.add("source", WHAT);
    if (this.#late > 0) {
      const hosts = this.#late === 1 ? "of 1 host" : `of ${this.#late} hosts`;
      notes.add("behind", `nothing new is known ${hosts} for more than a minute`);
    }
    const { limit = LIMIT } = this.#options;
    if (this.#rows.length > limit) {
      notes.add("limit", `${limit} of ${this.#rows.length} rows: give --limit for more`);
    }
    return notes;
  }

  #write(): void {
    const { stdout, env, now } = this.#context;
    const { limit = LIMIT, json, color, quiet } = this.#options;
    const rows = this.#rows.slice(0, limit);
    const notes = this.#notes();
    if (json) {
      const shown = rows.map((row) => fleetTopJson(this.#by, row));
      const time = new Date(now()).toISOString();
      const fields = { time, source: "fleet", by: this.#by, rows: shown, notes };
      stdout.write(`${jsonText(fields)}\n`);
      return;
    }
    const lines = table(rows, fleetTable(this.#by), tableStyle(stdout, env, color));
    stdout.write(lines.map((line) => `${line}\n`).join(""));
    tellNotes(this.#context, notes, quiet);
    if (rows.length === 0) tell(this.#context, "no row is of what was asked for", quiet);
  }

  #draw(): void {
    const { stdout, env } = this.#context;
    // A terminal that was stopped (Ctrl-S) still has the last screen to take.
    if (this.screen === null || !this.screen.isOpen || stdout.pendingBytes > 0) return;
    const colored = useColor(this.#options.color, stdout, env);
    const room = Math.max(1, stdout.rows - 3);
    const rows = this.#rows.slice(0, Math.min(room, this.#options.limit ?? LIMIT));
    const width = stdout.columns;
    const [head = "", ...lines] = table(rows, fleetTable(this.#by), {
      head: (text) => text,
      width,
    });
    const told = [...this.#notes()].map(({ text }) => text).reverse().join("; ");
    this.screen.draw([
      paint(fitWidth(head, width), "bold", colored),
      ...lines.map((line) => fitWidth(line, width)),
      "",
      paint(fitWidth(escapeText(told), width), "dim", colored),
    ]);
  }
}
