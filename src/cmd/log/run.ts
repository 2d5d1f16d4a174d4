/**
 * What `fh log` does: a stretch of the timeline, filtered, as lines.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import { EXIT, Stopped, UsageError } from "../../fault.ts";
import type { Boot } from "../../history/boots.ts";
import { seekCandidates } from "../../history/candidates.ts";
import { type BootSpan, History } from "../../history/history.ts";
import { HistoryError } from "../../history/history_error.ts";
import type { Life } from "../../history/life.ts";
import { Timeline } from "../../history/timeline.ts";
import { PastLineage } from "../../model/lineage.ts";
import type { Change, ChangeKind } from "../../model/machine.ts";
import { ANCESTORS_MAX } from "../../model/memory.ts";
import type { Process } from "../../model/process.ts";
import { buildForest } from "../../model/tree.ts";
import type { Users } from "../../proc/passwd.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath } from "../../steps.ts";
import type { LineWriter } from "../../term/stream.ts";
import { ByteText } from "../../text/byte_text.ts";
import { paint } from "../../text/style.ts";
import { DATED_HEADER, EventLines } from "../../view/line.ts";
import { renderTree } from "../../view/tree.ts";
import { treeJson } from "../../view/tree_json.ts";
import { createFilter, type Filter, type FilterOptions } from "../filter.ts";
import { askHistory } from "../history_open.ts";
import { noHistory } from "../history_place.ts";
import { localOffset } from "../local_time.ts";
import { missingJson, tellMissing } from "../missing.ts";
import {
  adviseOnPids,
  adviseToRecord,
  checkAhead,
  readStretch,
  recordedSpans,
  type Stretch,
} from "../past.ts";
import { PastJson } from "../past_json.ts";
import { ended, writePieces } from "../pieces.ts";
import { treeStyle } from "../tree/options.ts";
import { FileWatch, Seam } from "./follow.ts";
import { listRunning } from "./running.ts";

/** Lines that are shown when neither a time nor a number is given. */
const LIMIT = 100;
/** Text gathered before it is written. */
const PIECE = 64 << 10;
/** Bytes that may wait for the reader: a question about the past can wait, too. */
const WAITING_MAX = 1 << 20;

const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);

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
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options = given as unknown as LogOptions;
  checkOptions(options);
  const stretch = readStretch(options, Date.now());
  const users = openUsers();
  const lineage = options.pid === undefined ? null : new PastLineage(options.pid);
  const filter = createFilter(
    { ...options, event: options.event ?? ["exit"] },
    users,
    () => lineage!,
  );
  const history = await askHistory(context, options.db, !options.follow);
  if (history === null) {
    checkAhead(stretch, null);
    const { since, until, follow, failed, minDuration, tree } = options;
    if (since ?? until ?? minDuration ?? (follow || failed || tree)) throw noHistory(context.env);
    const status = await listRunning(context, options, filter, users);
    adviseOnPids(context, openProcfs(context.procRoot), options.quiet);
    adviseToRecord(context, "these are the processes that run now", options.quiet);
    return status;
  }
  return await new Log(context, options, history, { filter, lineage }, stretch, users).run();
}

const RECORDED: ReadonlySet<string> = new Set(["fork", "exec", "exit"]);

function checkOptions({ follow, reverse, until, tree, event = [] }: LogOptions): void {
  const other = event.find((kind) => !RECORDED.has(kind));
  if (other !== undefined) {
    throw new UsageError(`Bad event: ${other}; the history has fork, exec and exit`);
  }
  if (follow && (reverse || until !== undefined || tree)) {
    const name = reverse ? "--reverse" : tree ? "--tree" : "--until";
    throw new UsageError(`Bad options: --follow with ${name}; take one of them`);
  }
  if (tree && reverse) throw new UsageError("Bad options: --tree with --reverse; take one of them");
}

class Log {
  readonly #context: Context;
  readonly #options: LogOptions;
  readonly #filter: Filter;
  readonly #lineage: PastLineage | null;
  readonly #stretch: Stretch;
  readonly #kinds: ReadonlySet<ChangeKind>;
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
    { filter, lineage }: { readonly filter: Filter; readonly lineage: PastLineage | null },
    stretch: Stretch,
    users: Users,
  ) {
    this.#context = context;
    this.#breath = new Breath(context.signal);
    this.#options = options;
    this.#history = history;
    this.#filter = filter;
    this.#lineage = lineage;
    this.#stretch = stretch;
    this.#kinds = new Set(options.event ?? ["exit"]);
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
    const spans = this.#spans();
    try {
      // What follows goes on just where this ends: one state of the file for both.
      if (follow) this.#history.db.exec("BEGIN");
      if (tree) await this.#drawTree(spans, most);
      else if (reverse) await this.#writeAll(this.#changes(spans, true), most);
      else if (most === Infinity) await this.#writeAll(this.#changes(spans, false), most);
      else await this.#writeNewest(spans, most);
      if (follow) await this.#follow(spans.at(-1) ?? this.#now());
    } catch (error) {
      // A list can end anywhere: nothing is said of it.
      if (!(error instanceof Stopped)) throw error;
    } finally {
      this.#history.close();
    }
    return EXIT.done;
  }

  /** Where a look begins that has nothing to show yet; null where nothing was recorded. */
  #now(): BootSpan | null {
    const boot = this.#history.boots.at(-1);
    if (boot === undefined) return null;
    const since = this.#stretch.since === null ? boot.end : boot.nsOf(this.#stretch.since);
    const until = Math.max(boot.end, since);
    return { boot, since: until, until };
  }

  #spans(): BootSpan[] {
    if (!this.#options.follow) return recordedSpans(this.#history, this.#stretch);
    checkAhead(this.#stretch, this.#history);
    return this.#history.spans(this.#stretch.since ?? 0, Number.MAX_SAFE_INTEGER);
  }

  /** Changes that match; null where work may pause. */
  *#changes(
    spans: readonly BootSpan[],
    backwards: boolean,
    few = false,
  ): Generator<[Change, Boot] | null, void> {
    const timeline = new Timeline(this.#history);
    const { pid = null, minDuration = null, failed = false } = this.#options;
    const onlyExits = failed || minDuration !== null;
    const sought = { ofImage: this.#filter.ofImage, pids: pid, minDuration };
    let among: readonly Life[] | null = null;
    if (!few) {
      const steps = seekCandidates(this.#history, sought);
      let step = steps.next();
      for (; !step.done; step = steps.next()) yield null;
      among = step.value;
    }
    const query = {
      kinds: onlyExits ? EXITS : this.#kinds,
      backwards,
      among,
      failed,
      keep: this.#options.tree === true,
      ancestors: this.#options.tree === true ? ANCESTORS_MAX : 0,
      lineage: this.#lineage,
      whole: !few,
    };
    for (const span of backwards ? [...spans].reverse() : spans) {
      for (const change of timeline.steps(span, query)) {
        if (change === null) yield null;
        else if (this.#filter.matches(change)) yield [change, span.boot];
      }
    }
  }

  /** Writes changes at the reader's pace. */
  async #writeAll(changes: Iterable<[Change, Boot] | null>, most: number): Promise<void> {
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
    const { stdout, stderr } = this.#context;
    const lines: string[] = [];
    let more = false;
    for (const found of this.#changes(spans, true)) {
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
    const { limit, quiet, json } = this.#options;
    if (!more || quiet || json || limit !== undefined) return;
    stderr.write(`fh: the newest ${most} are shown; for more give --since or --limit\n`);
  }

  async #drawTree(spans: readonly BootSpan[], most: number): Promise<void> {
    const found = new Set<Process>();
    for (const one of this.#changes(spans, true)) {
      if (one === null) await this.#breath.take();
      else if (found.size >= most) break;
      else if (one[0].process !== null) found.add(one[0].process);
    }
    const { roots } = buildForest(found);
    const missing = tellMissing(this.#context, this.#history, spans, this.#options.quiet);
    if (this.#options.json) {
      const gaps = missingJson(missing);
      const json = { users: this.#users, gaps };
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
      for (const found of this.#changes([overlap], false, true)) {
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
            await this.#writeAll(seam.onlyNew(this.#changes([span], false, true)), Infinity);
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
