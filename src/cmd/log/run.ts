/**
 * What `fh log` does: asks, and writes what happened as lines.
 *
 * @module
 */
import { createFilter, type FilterOptions } from "../../ask/filter.ts";
import { askLog, checkEvents, loggedSpans, type LogQuery, type LogWay } from "../../ask/log.ts";
import { Followed, Seam } from "../../ask/log_follow.ts";
import { noteMissing } from "../../ask/missing.ts";
import { parseAsked } from "../../ask/text/target.ts";
import { noHistory } from "../../ask/not_found.ts";
import { noteNoHistory, notePids, Notes } from "../../ask/notes.ts";
import type { Logged, PastStore } from "../../ask/store.ts";
import { noteNothing } from "../../ask/never_seen.ts";
import { checkAhead, readStretch, type Stretch } from "../../ask/stretch.ts";
import { EVERYTHING } from "../../ask/viewer.ts";
import { wantedOf } from "../../ask/wanted.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT, Stopped, UsageError } from "../../fault.ts";
import type { PastBoot } from "../../model/boot.ts";
import type { BootSpan } from "../../model/bounds.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import { buildForest } from "../../model/tree.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import type { LineWriter } from "../../term/stream.ts";
import { ByteText } from "../../text/byte_text.ts";
import { displayWidth, escapeText } from "../../text/escape.ts";
import { paint } from "../../text/style.ts";
import { EventLines } from "../../view/line.ts";
import { missingJson } from "../../view/missing_json.ts";
import { infoLines } from "../../view/notes_json.ts";
import { PastJson } from "../../view/past_json.ts";
import { renderTree } from "../../view/tree.ts";
import { treeJson } from "../../view/tree_json.ts";
import { createAsking, usersElsewhere } from "../asking.ts";
import { asksFleet, checkFleet, type FleetAsked, hostOfAll, openPast } from "../fleet/ask.ts";
import { ended, writePieces } from "../pieces.ts";
import { treeStyle } from "../tree/options.ts";
import { checkTimes, withTimes } from "../tree/times.ts";
import { LOG_LIMIT } from "./limit.ts";
import { logLines } from "./lines.ts";
import { listRunning } from "./running.ts";

/** Text gathered before it is written. */
const PIECE = 64 << 10;
/** Bytes that may wait for the reader: a question about the past can wait, too. */
const WAITING_MAX = 1 << 20;

/** What is new since the last look. */
const FEW: LogWay = { backwards: false, few: true };

/** What the command line asks for. */
export interface LogOptions extends Omit<FilterOptions, "pid">, FleetAsked {
  /** Processes as people name them, whose descendants are wanted. */
  readonly pid?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly tree?: boolean;
  readonly times?: boolean;
  readonly bars?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runLog(
  context: Context,
  options: LogOptions,
): Promise<number> {
  try {
    return await openLog(context, hostOfAll(context, options));
  } catch (error) {
    // A list can end anywhere: nothing is said of it.
    if (error instanceof Stopped) return EXIT.done;
    throw error;
  }
}

async function openLog(context: Context, options: LogOptions): Promise<number> {
  checkOptions(options);
  checkFleet(options, {});
  const stretch = readStretch(options, context.now());
  const users = asksFleet(options) ? usersElsewhere() : openUsers();
  const { pid, event = ["exit"], minDuration = null, failed = false, ...others } = options;
  const known = { latest: Infinity };
  for (const text of pid ?? []) parseAsked(text, context.now(), known);
  const wanted = { ...others, event, failed, ...minDuration === null ? {} : { minDuration } };
  // A filter that makes no sense is told before anything is opened.
  createFilter(wanted, users);
  const notes = new Notes();
  const store = await openPast(context, options, notes, { reach: !options.follow });
  if (store === null) {
    checkAhead(stretch, null);
    const { since, until, follow, tree } = options;
    const asking = await createAsking(context, {}, null, notes, true);
    if (since ?? until ?? minDuration ?? (follow || failed || tree)) {
      throw noHistory(asking.historyPlace);
    }
    const { filter } = await wantedOf(asking, pid, wanted);
    await listRunning(context, asking, options, filter, notes);
    notePids(notes, asking.reader);
    noteNoHistory(notes, "these are the processes that run now", asking.historyPlace);
    await writeNotes(context, notes, options);
    return EXIT.done;
  }
  const asking = await createAsking(context, {}, store, notes, false);
  const found = await orClose(store, wantedOf(asking, pid, wanted));
  const query = { kinds: new Set(event), ...found, minDuration, failed, viewer: EVERYTHING };
  return await new Log(context, options, store, query, stretch, users, notes).run();
}

async function orClose<Found>(store: PastStore, work: Promise<Found>): Promise<Found> {
  try {
    return await work;
  } catch (error) {
    store.close();
    throw error;
  }
}

function checkOptions(options: LogOptions): void {
  const { follow, reverse, until, tree, times, bars, json, event = [] } = options;
  checkEvents(event);
  checkTimes(options, json);
  if ((times || bars) && !tree) {
    const name = times ? "--times" : "--bars";
    throw new UsageError(`Bad option: ${name}; it means something together with --tree only`);
  }
  if (follow && (reverse || until !== undefined || tree)) {
    const name = reverse ? "--reverse" : tree ? "--tree" : "--until";
    throw new UsageError(`Bad options: --follow with ${name}; take one of them`);
  }
  if (tree && reverse) throw new UsageError("Bad options: --tree with --reverse; take one of them");
}

/** As lines of their own in JSON, and on standard error. */
async function writeNotes(context: Context, notes: Notes, options: LogOptions): Promise<void> {
  if (options.json && !options.tree) context.stdout.write(infoLines(notes));
  await context.stdout.flush();
  tellNotes(context, notes, options.quiet);
}

/** The name of a host with two spaces behind it; empty where it is this one. */
function hostText(host: string | null | undefined): string {
  return host == null ? "" : `${escapeText(host)}  `;
}

class Log {
  readonly #context: Context;
  readonly #options: LogOptions;
  readonly #query: LogQuery;
  readonly #stretch: Stretch;
  readonly #notes: Notes;
  readonly #writer: LineWriter;
  readonly #users: Users;
  readonly #text = new ByteText(PIECE);
  #store: PastStore;
  /** Cells of the name of the host before each line; 0 where there is but one. */
  readonly #hostCells: number;
  #shown = 0;
  /** Events that are told, gaps among them. */
  #found = 0;

  constructor(
    context: Context,
    options: LogOptions,
    store: PastStore,
    query: LogQuery,
    stretch: Stretch,
    users: Users,
    notes: Notes,
  ) {
    this.#context = context;
    this.#options = options;
    this.#store = store;
    this.#query = query;
    this.#stretch = stretch;
    this.#notes = notes;
    const { stdout, env } = context;
    const color = useColor(options.color, stdout, env);
    this.#users = users;
    const hosts = store.bounds.boots.map(({ host }) => displayWidth(hostText(host)));
    this.#hostCells = Math.max(...hosts, 0);
    this.#writer = options.json
      ? new PastJson(users)
      : logLines(context, users, options.color, query.kinds.size, this.#hostCells);
    if (options.quiet || options.tree || !stdout.isTerminal) return;
    if (this.#writer instanceof EventLines) {
      const head = this.#hostCells === 0 ? "" : "HOST".padEnd(this.#hostCells);
      stdout.write(paint(head + this.#writer.header(), "bold", color) + "\n");
    }
  }

  async run(): Promise<number> {
    const { limit, reverse, since, until, tree, follow } = this.#options;
    const most = limit ?? (since === undefined && until === undefined ? LOG_LIMIT : Infinity);
    const spans = loggedSpans(this.#store, this.#stretch, follow === true);
    try {
      // What follows goes on just where this ends: one state of the file for both.
      if (follow) this.#store.hold();
      if (tree) await this.#drawTree(spans, most);
      else if (reverse) await this.#writeAll(this.#changes(spans, { backwards: true }), most);
      else if (most === Infinity) {
        await this.#writeAll(this.#changes(spans, { backwards: false }), most);
      } else await this.#writeNewest(spans, most);
      const isEmpty = this.#found === 0 && !follow;
      if (isEmpty) noteNothing(this.#notes, this.#store, spans);
      await writeNotes(this.#context, this.#notes, this.#options);
      if (isEmpty) return EXIT.notFound;
      if (follow) await this.#follow(spans);
    } finally {
      this.#store.close();
    }
    return EXIT.done;
  }

  #changes(spans: readonly BootSpan[], way: LogWay): AsyncGenerator<Logged, void> {
    return askLog(this.#store, spans, this.#query, way);
  }

  /** Writes changes at the reader's pace. */
  async #writeAll(changes: AsyncIterable<Logged>, most: number): Promise<void> {
    const { stdout, signal } = this.#context;
    for await (const [change, boot] of changes) {
      this.#append(change, boot, this.#text);
      if (this.#text.length >= PIECE) {
        stdout.write(this.#text.take());
        if (stdout.pendingBytes > WAITING_MAX) await stdout.flush();
        if (stdout.closed || signal.aborted) return;
      }
      if (++this.#shown >= most) break;
    }
    if (this.#text.length > 0) stdout.write(this.#text.take());
    await stdout.flush();
  }

  #append(change: Change, boot: PastBoot, to: ByteText): void {
    this.#found++;
    if (this.#writer instanceof PastJson) this.#writer.boot = boot;
    else if (this.#hostCells > 0) {
      const text = hostText(boot.host);
      to.text(text + " ".repeat(this.#hostCells - displayWidth(text)));
    }
    this.#writer.append(change, boot.epochAt(change.time), to);
  }

  /** Finds the newest, and writes them oldest first. */
  async #writeNewest(spans: readonly BootSpan[], most: number): Promise<void> {
    const { stdout } = this.#context;
    const lines: string[] = [];
    let more = false;
    for await (const [change, boot] of this.#changes(spans, { backwards: true })) {
      if (lines.length >= most) {
        more = true;
        break;
      }
      const text = new ByteText(512);
      this.#append(change, boot, text);
      lines.push(text.toString());
    }
    stdout.write(lines.reverse().join(""));
    await stdout.flush();
    if (!more || this.#options.limit !== undefined) return;
    this.#notes.add("limit", `the newest ${most} are shown; for more give --since or --limit`);
  }

  async #drawTree(spans: readonly BootSpan[], most: number): Promise<void> {
    const found = new Set<Process>();
    for await (const [{ process }] of this.#changes(spans, { backwards: true, kept: true })) {
      if (found.size >= most) break;
      if (process !== null) found.add(process);
    }
    this.#found = found.size;
    const { roots } = buildForest(found);
    const missing = await noteMissing(this.#notes, this.#store, spans);
    if (this.#options.json) {
      const gaps = missingJson(missing);
      const json = { users: this.#users, gaps, notes: this.#notes };
      for (const root of roots) await writePieces(this.#context, treeJson(root, json));
      return;
    }
    const plain = { ...treeStyle(this.#context, this.#options, null, this.#users), matched: found };
    const style = withTimes(this.#context, this.#options, roots, plain);
    await writePieces(this.#context, ended(renderTree(roots, style)));
  }

  /** Goes on with what the recorder adds; `spans` were shown already. */
  async #follow(spans: readonly BootSpan[]): Promise<void> {
    const { signal, stdout } = this.#context;
    this.#users.live();
    const { since } = this.#stretch;
    const followed = new Followed(this.#store.bounds, spans, since);
    const seam = new Seam();
    const ends = followed.ends(this.#store.bounds);
    for await (const [change, boot] of this.#changes(ends, FEW)) seam.isNew(change, boot);
    this.#store.release();
    const news = this.#store.news();
    try {
      while (!signal.aborted && !stdout.closed) {
        const store = await news.next(signal);
        if (store !== null) {
          this.#store.close();
          this.#store = store;
          const fresh = followed.news(store.bounds, since);
          if (fresh.length === 0) continue;
          await this.#writeAll(seam.onlyNew(this.#changes(fresh, FEW)), Infinity);
        }
      }
    } finally {
      news.close();
    }
  }
}
