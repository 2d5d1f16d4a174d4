/**
 * What `fh watch` does: a session, a filter, and a stream of lines.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { Notes } from "../../ask/notes.ts";
import { createFilter, type Filter, type FilterOptions } from "../../ask/filter.ts";
import { type Context, useColor, widthOf } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { localOffset } from "../../host/local_time.ts";
import { openThreadClock } from "../../host/thread_clock.ts";
import { CommonShares } from "../../model/common_shares.ts";
import type { Change } from "../../model/machine.ts";
import { Statistics } from "../../model/statistics.ts";
import { openUsers } from "../../proc/users.ts";
import type { Redact } from "../../redact/redact.ts";
import { socketToAsk } from "../../serve/place.ts";
import { Session, type SessionOptions } from "../../session.ts";
import type { CaptureOptions, StartCapture } from "../../source/capture.ts";
import { ChangeStream, type LineWriter } from "../../term/stream.ts";
import { after } from "../../term/timer.ts";
import { paint } from "../../text/style.ts";
import { JsonLines } from "../../view/json.ts";
import { infoLines } from "../../view/notes_json.ts";
import { EventLines } from "../../view/line.ts";
import { renderStatistics } from "../../view/statistics.ts";
import { createRedactFrom } from "../../ask/text/redact.ts";
import { openSession, trySession } from "../capture.ts";
import { captureOptions } from "../capture_options.ts";
import { tellSource } from "../source_line.ts";
import { Child } from "./child.ts";
import type { WatchOptions } from "./command.ts";
import type { WatchedFindings } from "./findings.ts";
import type { WatchedServer } from "./socket.ts";
import { whoseOf } from "./whose.ts";
import { filterFor } from "./wish.ts";

/** A session, or what stands in for it. */
type Watched = Pick<Session, "info" | "epoch" | "beganAt" | "elapsedNs" | "begin" | "close">;

/** Runs the command; the exit status comes back. */
export function runWatch(
  context: Context,
  operands: readonly string[],
  options: WatchOptions,
): Promise<number> {
  return new Watch(context, operands, options).run();
}

class Watch {
  readonly #context: Context;
  readonly #options: WatchOptions;
  readonly #operands: readonly string[];
  readonly #redact: Redact | undefined;
  readonly #users = openUsers();
  /** Kept where somebody asks for them. */
  readonly #statistics: Statistics | null;
  /** Time of the last change that was shown, nanoseconds since boot. */
  #last = 0;
  readonly #done = Promise.withResolvers<void>();
  /** What is watched; lines of a server need no machine. */
  #session!: Watched;
  #filter!: Filter;
  /** What it is made of; whose descendants are wanted comes later. */
  #filters: FilterOptions;
  /** Null until the session is open. */
  #stream: ChangeStream | null = null;
  /** What is to become lines of it. */
  #notes = new Notes();
  #child: Child | null = null;
  /** What is wrong; null where nobody asks for it. */
  #findings: WatchedFindings | null = null;
  /** What writes lines for people; null for JSON. */
  #lines: EventLines | null = null;
  /** On a terminal forks are not shown: they repeat the command line of who forks. */
  readonly #passesForks: boolean;
  #count = 0;
  #over = false;

  constructor(context: Context, operands: readonly string[], options: WatchOptions) {
    this.#context = context;
    this.#options = options;
    this.#operands = operands;
    this.#redact = createRedactFrom(options);
    this.#statistics = options.stats ? new Statistics() : null;
    const { pid: _pid, ...filters } = options;
    this.#filters = filters;
    const { json, event } = options;
    this.#passesForks = !json && event === undefined && context.stdout.isTerminal;
  }

  async run(): Promise<number> {
    const { signal, stdout } = this.#context;
    checkReplay(this.#options, this.#operands);
    // A filter that makes no sense is told before anything starts.
    createFilter(this.#filters, this.#users);
    const { pid, descent } = await whoseOf(this.#context, this.#options);
    if (pid !== undefined) this.#filters = { ...this.#filters, pid };
    this.#filter = createFilter(this.#filters, this.#users, descent);
    if (this.#options.source !== "replay") this.#users.live();
    this.#session = await this.#open();
    this.#stream = new ChangeStream(stdout, this.#header());
    this.#writeNotes();
    if (this.#options.findings) this.#findings = await this.#lookForTrouble();
    if (this.#operands.length > 0) this.#startChild();
    const stop = () => this.#stop();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const { duration } = this.#options;
    const cancel = duration === undefined ? null : after(duration, stop);
    this.#session.begin();
    try {
      await this.#done.promise;
    } finally {
      cancel?.();
      signal.removeEventListener("abort", stop);
    }
    await this.#session.close();
    this.#findings?.close();
    await this.#finish();
    return this.#child?.status ?? EXIT.done;
  }

  async #open(): Promise<Watched> {
    const { source, env = [] } = this.#options;
    const replay = source === "replay" ? await this.#openReplay() : null;
    const settings = replay === null
      ? this.#options
      : { ...this.#options, source: "auto" as const };
    const capture: CaptureOptions = { ...captureOptions(this.#context, settings), env };
    const through = await this.#openThroughSocket(capture);
    if (through !== null) return through;
    const wanted = { act: "watch", source, start: replay ?? this.#context.capture };
    return await openSession(wanted, await this.#sessionOptions(capture));
  }

  /** Says it, and in JSON as a line of the stream. */
  #note(text: string): void {
    tell(this.#context, text, this.#options.quiet);
    void this.#context.stderr.flush().catch(() => {});
    if (this.#options.json) this.#notes.add("source", text);
    this.#writeNotes();
  }

  /** Those that came before there was a stream stand at its beginning. */
  #writeNotes(): void {
    if (this.#stream === null || this.#notes.size === 0) return;
    this.#stream.flush();
    this.#context.stdout.write(infoLines(this.#notes));
    this.#notes = new Notes();
  }

  async #sessionOptions(capture: CaptureOptions): Promise<SessionOptions> {
    // What is played back has been admitted once.
    const time = this.#options.source === "replay"
      ? undefined
      : CommonShares.of(await openThreadClock()).time;
    return {
      capture,
      redact: this.#redact,
      time,
      onChange: (change) => this.#see(change),
      onBatch: () => this.#stream?.flush(),
      whenReady: () => this.#stream?.ready !== false ? null : this.#context.stdout.flush(),
      onNote: (text) => this.#note(text),
      onEnd: (error) => error === null ? this.#done.resolve() : this.#done.reject(error),
    };
  }

  /**
   * Where there is a server: the connector if this user may have it, else that of the server. Null
   * where there is neither.
   */
  async #openThroughSocket(capture: CaptureOptions): Promise<Watched | null> {
    const path = this.#socket();
    if (path === null) return null;
    const connector = await this.#sessionOptions({ ...capture, source: "connector" });
    const session = await trySession(connector, this.#context.capture);
    if (session instanceof Session) return session;
    try {
      const { WatchedServer } = await import("./socket.ts");
      const server = await WatchedServer.find(this.#context, path, session.message);
      const relay = await this.#openRelay(server);
      if (relay !== null) return relay;
      return await Session.open(await this.#sessionOptions(capture), await server.capture());
    } catch (error) {
      if (!this.#options.verbose) return null;
      const { message } = error as Error;
      tell(this.#context, `not through the socket ${path}: ${message}`);
      return null;
    }
  }

  /**
   * The lines of a server, where they are what is to be shown. A command's processes are not known
   * before it begins, and statistics are made of more than lines.
   */
  async #openRelay(server: WatchedServer): Promise<Watched | null> {
    const { json, stats, findings, snapshot = false, match, count } = this.#options;
    const filter = filterFor(this.#filters, this.#users);
    if (!json || stats || findings || this.#operands.length > 0 || filter === null) return null;
    const lines = await server.lines({ filter, snapshot });
    if (lines === null) return null;
    const { Relay } = await import("./relay.ts");
    return new Relay(lines, {
      output: this.#context.stdout,
      epoch: server.epoch,
      redact: this.#redact,
      match,
      count,
      onEnd: (error) => error === null ? this.#done.resolve() : this.#done.reject(error),
    });
  }

  /** A socket that could show what was asked for: it has neither environments nor secrets. */
  #socket(): string | null {
    const { source, env = [], redact } = this.#options;
    if (source !== "auto" || env.length > 0 || redact === false) return null;
    const path = socketToAsk(this.#context, undefined);
    return path !== null && existsSync(path) ? path : null;
  }

  async #openReplay(): Promise<StartCapture> {
    const { replayCapture } = await import("./replay.ts");
    return await replayCapture(this.#context, this.#options);
  }

  /** Says which source it is, and makes the writer of lines. */
  #header(): LineWriter {
    const { stdout, env } = this.#context;
    const { info } = this.#session;
    const { json, quiet, tree, env: names = [] } = this.#options;
    tellSource(this.#context, info, this.#options);
    if (json) {
      const lines = new JsonLines({
        source: info.source,
        users: this.#users,
        env: names.length > 0,
      });
      stdout.write(lines.source(info.why, this.#session.epoch, this.#session.beganAt));
      return lines;
    }
    const color = useColor(this.#options.color, stdout, env);
    const lines = new EventLines({
      users: this.#users,
      color,
      offsetAt: localOffset,
      tree: tree === true,
      env: names,
      width: () => widthOf(stdout),
    });
    if (!quiet && stdout.isTerminal) stdout.write(paint(lines.header(), "bold", color) + "\n");
    this.#lines = lines;
    return lines;
  }

  #startChild(): void {
    const child = Child.start(this.#operands, this.#context, this.#redact);
    this.#child = child;
    this.#filter = createFilter(
      { ...this.#filters, pid: [...this.#filters.pid ?? [], child.pid] },
      this.#users,
    );
    void child.ended.then(() => this.#stop());
  }

  async #lookForTrouble(): Promise<WatchedFindings> {
    const { WatchedFindings } = await import("./findings.ts");
    const { stdout, env, now } = this.#context;
    const { json = false, color, source } = this.#options;
    const session = this.#session;
    return new WatchedFindings({
      users: this.#users,
      json,
      color: useColor(color, stdout, env),
      passes: (process) => this.#filter.concerns(process),
      clock: source !== "replay" && session instanceof Session ? () => session.now : null,
      now,
      write: (line) => {
        this.#stream?.flush();
        stdout.write(line);
      },
    });
  }

  #see(change: Change): void {
    this.#show(change);
    if (!this.#over) this.#findings?.note(change);
  }

  #show(change: Change): void {
    if (this.#over || (change.kind === "snapshot" && !this.#options.snapshot)) return;
    if (!this.#filter.matches(change)) return;
    this.#last = change.time;
    this.#statistics?.note(change);
    if (this.#passesForks && change.kind === "fork") {
      this.#lines?.pass(change);
      return;
    }
    this.#stream!.add(change, this.#session.epoch);
    this.#count++;
    if (this.#count !== this.#options.count) return;
    this.#over = true;
    this.#stop();
  }

  #stop(): void {
    // Where nobody reads any more, the command that was started ends the watch all the same.
    if (this.#child !== null && this.#child.status === null && this.#context.signal.aborted) return;
    this.#done.resolve();
  }

  async #finish(): Promise<void> {
    const { stdout, stderr } = this.#context;
    this.#stream!.end(this.#last, this.#session.epoch);
    if (this.#statistics !== null) {
      const lines = renderStatistics(this.#statistics, this.#session.elapsedNs);
      (this.#options.json ? stderr : stdout).write(lines.join("\n") + "\n");
    }
    await stdout.flush();
    await stderr.flush();
  }
}

/** Options that only a replay has, and a command that it could not run. */
function checkReplay(options: WatchOptions, operands: readonly string[]): void {
  if (options.source === "replay") {
    if (operands.length === 0) return;
    throw new UsageError("Bad options: --source replay with a command; a history starts nothing");
  }
  for (const name of ["since", "until", "rate"] as const) {
    if (options[name] === undefined) continue;
    throw new UsageError(`Bad option: --${name}; it means something with --source replay only`);
  }
}
