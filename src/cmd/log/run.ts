/**
 * What `fh log` does: asks, and writes what happened as lines.
 *
 * @module
 */
import { createFilter, type FilterOptions } from "../../ask/filter.ts";
import {
  checkEvents,
  type Logged,
  loggedSpans,
  loggedSteps,
  type LogQuery,
  type LogWay,
  lookFrom,
} from "../../ask/log.ts";
import { FileWatch, Seam } from "../../ask/log_follow.ts";
import { noteMissing } from "../../ask/missing.ts";
import { noHistory } from "../../ask/not_found.ts";
import { noteNoHistory, notePids, Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open.ts";
import { checkAhead, readStretch, type Stretch } from "../../ask/stretch.ts";
import { EVERYTHING } from "../../ask/viewer.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT, Stopped, UsageError } from "../../fault.ts";
import type { Boot } from "../../history/boots.ts";
import { type BootSpan, History } from "../../history/history.ts";
import { HistoryError } from "../../history/history_error.ts";
import { localOffset } from "../../host/local_time.ts";
import { PastLineage } from "../../model/lineage.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import { buildForest } from "../../model/tree.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath } from "../../steps.ts";
import type { LineWriter } from "../../term/stream.ts";
import { ByteText } from "../../text/byte_text.ts";
import { paint } from "../../text/style.ts";
import { DATED_HEADER, EventLines } from "../../view/line.ts";
import { missingJson } from "../../view/missing_json.ts";
import { infoLines } from "../../view/notes_json.ts";
import { PastJson } from "../../view/past_json.ts";
import { renderTree } from "../../view/tree.ts";
import { treeJson } from "../../view/tree_json.ts";
import { createAsking } from "../asking.ts";
import { ended, writePieces } from "../pieces.ts";
import { treeStyle } from "../tree/options.ts";
import { listRunning } from "./running.ts";

/** Lines that are shown when neither a time nor a number is given. */
const LIMIT = 100;
/** Text gathered before it is written. */
const PIECE = 64 << 10;
/** Bytes that may wait for the reader: a question about the past can wait, too. */
const WAITING_MAX = 1 << 20;

/** What is new since the last look. */
const FEW: LogWay = { backwards: false, few: true };

/** What the command line asks for. */
export interface LogOptions extends FilterOptions {
  readonly db?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly tree?: boolean;
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
  checkOptions(options);
  const stretch = readStretch(options, Date.now());
  const users = openUsers();
  const { pid, event = ["exit"], minDuration = null, failed = false } = options;
  const lineage = pid === undefined ? null : new PastLineage(pid);
  const filter = createFilter({ ...options, event }, users, () => lineage!);
  const notes = new Notes();
  const history = await askHistory(context, options.db, notes, !options.follow);
  if (history === null) {
    checkAhead(stretch, null);
    const { since, until, follow, tree } = options;
    const asking = await createAsking(context, {}, null, notes, true);
    if (since ?? until ?? minDuration ?? (follow || failed || tree)) {
      throw noHistory(asking.historyPath);
    }
    await listRunning(context, asking, options, filter);
    notePids(notes, asking.reader);
    noteNoHistory(notes, "these are the processes that run now");
    await writeNotes(context, notes, options);
    return EXIT.done;
  }
  const kinds = new Set(event);
  const pids = pid ?? null;
  const query = { kinds, filter, lineage, pids, minDuration, failed, viewer: EVERYTHING };
  return await new Log(context, options, history, query, stretch, users, notes).run();
}

function checkOptions({ follow, reverse, until, tree, event = [] }: LogOptions): void {
  checkEvents(event);
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

class Log {
  readonly #context: Context;
  readonly #options: LogOptions;
  readonly #query: LogQuery;
  readonly #stretch: Stretch;
  readonly #notes: Notes;
  readonly #writer: LineWriter;
  readonly #users: Users;
  readonly #text = new ByteText(PIECE);
  readonly #breath: Breath;
  #history: History;
  #shown = 0;

  constructor(
    context: Context,
    options: LogOptions,
    history: History,
    query: LogQuery,
    stretch: Stretch,
    users: Users,
    notes: Notes,
  ) {
    this.#context = context;
    this.#breath = new Breath(context.signal);
    this.#options = options;
    this.#history = history;
    this.#query = query;
    this.#stretch = stretch;
    this.#notes = notes;
    const { stdout, env } = context;
    const color = useColor(options.color, stdout, env);
    this.#users = users;
    this.#writer = options.json
      ? new PastJson(users)
      : new EventLines({ users, color, offsetAt: localOffset, tree: false, dates: true, env: [] });
    if (options.json || options.quiet || options.tree || !stdout.isTerminal) return;
    stdout.write(paint(DATED_HEADER, "bold", color) + "\n");
  }

  async run(): Promise<number> {
    const { limit, reverse, since, until, tree, follow } = this.#options;
    const most = limit ?? (since === undefined && until === undefined ? LIMIT : Infinity);
    const spans = loggedSpans(this.#history, this.#stretch, follow === true);
    try {
      // What follows goes on just where this ends: one state of the file for both.
      if (follow) this.#history.db.exec("BEGIN");
      if (tree) await this.#drawTree(spans, most);
      else if (reverse) await this.#writeAll(this.#changes(spans, { backwards: true }), most);
      else if (most === Infinity) {
        await this.#writeAll(this.#changes(spans, { backwards: false }), most);
      } else await this.#writeNewest(spans, most);
      await writeNotes(this.#context, this.#notes, this.#options);
      if (follow) await this.#follow(spans.at(-1) ?? lookFrom(this.#history, this.#stretch));
    } catch (error) {
      // A list can end anywhere: nothing is said of it.
      if (!(error instanceof Stopped)) throw error;
    } finally {
      this.#history.close();
    }
    return EXIT.done;
  }

  #changes(spans: readonly BootSpan[], way: LogWay): Generator<Logged | null, void> {
    return loggedSteps(this.#history, spans, this.#query, way);
  }

  /** Writes changes at the reader's pace. */
  async #writeAll(changes: Iterable<Logged | null>, most: number): Promise<void> {
    const { stdout, signal } = this.#context;
    for (const found of changes) {
      if (found === null) {
        await this.#breath.take();
        continue;
      }
      const [change, boot] = found;
      this.#append(change, boot, this.#text);
      if (this.#text.length >= PIECE) {
        stdout.write(this.#text.take());
        if (stdout.pendingBytes > WAITING_MAX) await stdout.flush();
        if (stdout.closed || signal.aborted) return;
        await this.#breath.take();
      }
      if (++this.#shown >= most) break;
    }
    if (this.#text.length > 0) stdout.write(this.#text.take());
    await stdout.flush();
  }

  #append(change: Change, boot: Boot, to: ByteText): void {
    if (this.#writer instanceof PastJson) this.#writer.boot = boot;
    this.#writer.append(change, boot.epochAt(change.time), to);
  }

  /** Finds the newest, and writes them oldest first. */
  async #writeNewest(spans: readonly BootSpan[], most: number): Promise<void> {
    const { stdout } = this.#context;
    const lines: string[] = [];
    let more = false;
    for (const found of this.#changes(spans, { backwards: true })) {
      if (found === null) {
        await this.#breath.take();
        continue;
      }
      const [change, boot] = found;
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
    for (const one of this.#changes(spans, { backwards: true, kept: true })) {
      if (one === null) await this.#breath.take();
      else if (found.size >= most) break;
      else if (one[0].process !== null) found.add(one[0].process);
    }
    const { roots } = buildForest(found);
    const missing = noteMissing(this.#notes, this.#history, spans);
    if (this.#options.json) {
      const gaps = missingJson(missing);
      const json = { users: this.#users, gaps, notes: this.#notes };
      for (const root of roots) await writePieces(this.#context, treeJson(root, json));
      return;
    }
    const style = { ...treeStyle(this.#context, this.#options, null, this.#users), matched: found };
    await writePieces(this.#context, ended(renderTree(roots, style)));
  }

  /** Goes on with what the recorder adds; `last` is what was shown already. */
  async #follow(last: BootSpan | null): Promise<void> {
    const { signal, stdout } = this.#context;
    this.#users.live();
    const seam = new Seam();
    if (last !== null) {
      const overlap = { ...last, since: last.until - Seam.OVERLAP_NS };
      for (const found of this.#changes([overlap], FEW)) {
        if (found !== null) seam.isNew(found[0]);
      }
    }
    this.#history.db.exec("COMMIT");
    let shown = last === null ? null : { bootId: last.boot.bootId, until: last.until };
    const file = new FileWatch(this.#history.path);
    try {
      while (!signal.aborted && !stdout.closed) {
        const history = this.#open();
        if (history !== null) {
          this.#history.close();
          this.#history = history;
          for (const boot of history.boots) {
            if (shown !== null && boot.id < (history.boot(shown.bootId)?.id ?? 0)) continue;
            const from = shown?.bootId === boot.bootId ? shown.until : boot.since;
            const until = boot.end;
            if (until <= from) continue;
            const { since } = this.#stretch;
            const floor = since === null ? 0 : boot.nsOf(since);
            const span = { boot, since: Math.max(floor, from - Seam.OVERLAP_NS), until };
            await this.#writeAll(seam.onlyNew(this.#changes([span], FEW)), Infinity);
            shown = { bootId: boot.bootId, until };
          }
        }
        await file.changed(signal);
      }
    } finally {
      file.close();
    }
  }

  /** The file as it is now: it may have been moved away, and another begun. */
  #open(): History | null {
    try {
      return new History(this.#history.path);
    } catch (error) {
      if (error instanceof HistoryError) return null;
      throw error;
    }
  }
}
