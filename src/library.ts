/**
 * fh for other programs: the stream of changes as an async iterable.
 *
 * @module
 */
import type { BootEpoch } from "./model/batch.ts";
import { RunningBoot } from "./model/boot.ts";
import { GAP_REASON } from "./model/event.ts";
import { Change } from "./model/machine.ts";
import { takeSnapshot } from "./model/snapshot.ts";
import { buildForest, type Forest } from "./model/tree.ts";
import { readShortBootId } from "./proc/boot_id.ts";
import { readProcesses } from "./proc/processes.ts";
import { openProcfs } from "./proc/procfs.ts";
import { openUsers } from "./proc/users.ts";
import { createRedact, type Redact } from "./redact/redact.ts";
import { follow } from "./serve/client/follow.ts";
import { ConnectionError } from "./serve/client/socket_client.ts";
import { socketToAsk } from "./serve/place.ts";
import { Session } from "./session.ts";
import type { CaptureOptions } from "./source/capture.ts";
import { JsonLines } from "./view/json.ts";

export { ConnectionError, RequestError } from "./serve/client/socket_client.ts";

/** Events that wait for a slow consumer; what comes beyond is dropped and counted in a gap. */
const WAITING_MAX = 100_000;

/** What {@linkcode watch} is asked to do. */
export interface WatchSettings {
  /** Which source; `auto`, the default, takes the best one the host allows. */
  readonly source?: "auto" | "connector" | "poll";
  /** Where procfs is mounted (default `/proc`). */
  readonly procRoot?: string;
  /** Environment variables to read at exec, for the field `env`. */
  readonly env?: readonly string[];
  /** Shortest poll period in nanoseconds; adapts to the activity when not given. */
  readonly intervalNs?: number;
  /** Whether the capture thread may ask for real-time scheduling (default true). */
  readonly realtime?: boolean;
  /**
   * Whether secrets in command lines become `***` (default true); regular expressions hide what
   * they match too, or what their groups match.
   */
  readonly redact?: boolean | readonly RegExp[];
  /** Whether to begin with the processes that already run, as `snapshot` events. */
  readonly snapshot?: boolean;
  /** Ends the capture; the iteration ends when all that was seen has been told. */
  readonly signal?: AbortSignal;
}

/** What all events have. */
export interface EventBase {
  /** RFC 3339, UTC, nanoseconds. */
  readonly time: string;
  /** The source in use. */
  readonly source: "connector" | "poll" | "replay";
  /** Present and true when reconstructed by a rescan instead of seen. */
  readonly inferred?: true;
}

/** The first event: which source is in use. */
export interface SourceChosen extends EventBase {
  /** Always `source`. */
  readonly event: "source";
  /** The reason for the choice, as a sentence. */
  readonly why: string;
}

/** Events that nobody saw. */
export interface GapEvent extends EventBase {
  /** Always `gap`. */
  readonly event: "gap";
  /** When the first of them can have been, RFC 3339; `time` is when they were found missing. */
  readonly since: string;
  /** How many events; with `missed` how many tasks: processes, or threads of any. */
  readonly lost: number;
  /** The kernel's buffer was full, the poller came too late, or you did. */
  readonly reason: "overflow" | "missed" | "slow reader" | "share used up";
}

/** A process as it was known at the moment of the event; null is not known. */
export interface ProcessFields {
  /** Unique id. */
  readonly id: string;
  /** Thread group id: what user space calls the pid. */
  readonly pid: number;
  /** pid and id of the process that forked it. */
  readonly ppid: number | null;
  /** Id of the process that forked it. */
  readonly parent: string | null;
  /** Real uid. */
  readonly uid: number | null;
  /** Name of the uid. */
  readonly user: string | null;
  /** The name the kernel keeps, 15 bytes at most. */
  readonly comm: string | null;
  /** Path of the executable. */
  readonly exe: string | null;
  /** The command line. */
  readonly argv: readonly string[] | null;
  /** Bytes of the command line that were not kept; not there where it is whole. */
  readonly argv_missing?: number;
  /** Working directory at exec. */
  readonly cwd: string | null;
  /** Path of the control group. */
  readonly cgroup: string | null;
  /** Innermost systemd unit. */
  readonly unit: string | null;
  /** Id or name of the innermost container. */
  readonly container: string | null;
  /** The variables that were asked for; absent when none were. */
  readonly env?: Readonly<Record<string, string>> | null;
}

/** A process began, replaced its image, or changed something. */
export interface ProcessEvent extends EventBase, ProcessFields {
  /** What happened. */
  readonly event:
    | "snapshot"
    | "fork"
    | "exec"
    | "comm"
    | "uid"
    | "gid"
    | "sid"
    | "ptrace"
    | "coredump";
}

/** A process ended. */
export interface ExitEvent extends EventBase, ProcessFields {
  /** Always `exit`. */
  readonly event: "exit";
  /** 0 to 255; null when a signal ended it or it is not known. */
  readonly exit_code: number | null;
  /** Name of the signal that ended it, such as `SIGKILL`. */
  readonly signal: string | null;
  /** Whether it dumped core. */
  readonly core: boolean;
  /** Life time; null when the start was not seen and is not known. */
  readonly duration_ns: number | null;
}

/** One object of the stream, as in the NDJSON of `fh watch --json`. */
export type WatchEvent = SourceChosen | GapEvent | ProcessEvent | ExitEvent;

/** What {@linkcode connect} is asked to do. */
export interface ConnectSettings {
  /**
   * The socket of the server. When not given: FH_SOCKET of the environment, else that of this
   * user's own server (`/run/fh/fh.sock` for root, `$XDG_RUNTIME_DIR/fh.sock`) where it is, else
   * `/run/fh/fh.sock`.
   */
  readonly path?: string;
  /** Which events; forks, execs and exits of all that this user may see when not given. */
  readonly filter?: ConnectFilter;
  /**
   * Where to begin: after the event with that `seq` (a number), or at a time as `--since` of the
   * command line takes it (`"03:00"`, `"2h ago"`). From now on when not given.
   */
  readonly from?: number | string;
  /** Whether to begin with the processes that already run, as `snapshot` events. */
  readonly snapshot?: boolean;
  /**
   * Whether to hand out a {@linkcode HeartbeatEvent} when nothing has happened for ten seconds
   * (default false).
   */
  readonly heartbeats?: boolean;
  /**
   * Whether to connect again when the server goes, and go on where it stopped (default true). The
   * first connection must succeed all the same; with `"always"` that is waited for, too.
   */
  readonly retry?: boolean | "always";
  /** Ends the iteration, also while it waits. */
  readonly signal?: AbortSignal;
}

/** Kinds of events that a {@linkcode ConnectFilter} knows. */
export type FilterKind = Exclude<ProcessEvent["event"], "snapshot"> | "exit";

/**
 * Which events a server tells: those that fit each field that is given, of a field with several
 * values any. Gaps always come.
 */
export interface ConnectFilter {
  /** Processes with these pids, and all their descendants. */
  readonly pid?: number | readonly number[];
  /** Kinds of events (default: fork, exec and exit). */
  readonly event?: FilterKind | readonly FilterKind[];
  /** Users, by name or uid. */
  readonly user?: string | number | readonly (string | number)[];
  /** Names of processes, as patterns: `"post*"`. */
  readonly comm?: string | readonly string[];
  /** Command lines, as regular expressions in the syntax of RE2. */
  readonly match?: string | readonly string[];
  /** Paths of control groups, as patterns. */
  readonly cgroup?: string | readonly string[];
  /** Exits with a status not 0 or by a signal. */
  readonly failed?: true;
  /** Exits after at least that life time: `"1s"`. */
  readonly min_duration?: string;
}

/** What events of a server have beside. */
export interface Numbered {
  /**
   * Number of the event: its time in microseconds since the Unix epoch, made unique and
   * increasing. The setting `from` takes it.
   */
  readonly seq: number;
}

/** Something that is missing in the stream of a server. */
export interface ServedGapEvent extends EventBase, Numbered {
  /** Always `gap`. */
  readonly event: "gap";
  /** When the first of it can have been, RFC 3339; `time` is when it was found missing. */
  readonly since: string;
  /** How many; null when nobody knows. */
  readonly lost: number | null;
  /**
   * The server's source did not see them (`overflow`, `missed`), you were too slow, nobody
   * recorded, or the history had no room. `signal queue full` is about signals to an application.
   */
  readonly reason:
    | "overflow"
    | "missed"
    | "slow reader"
    | "not recording"
    | "disk full"
    | "signal queue full"
    | "share used up";
  /** With `signal queue full`: the process that did not get them. */
  readonly pid?: number;
}

/** Nothing has happened for a while. */
export interface HeartbeatEvent extends EventBase, Numbered {
  /** Always `heartbeat`. */
  readonly event: "heartbeat";
}

/** One object of a server's stream; the source comes first, and again with each connection. */
export type ServedEvent =
  | (SourceChosen & Numbered)
  | (ProcessEvent & Numbered)
  | (ExitEvent & Numbered)
  | ServedGapEvent;

/** {@linkcode connect}, heartbeats included. */
export function connect(
  settings: ConnectSettings & { readonly heartbeats: true },
): AsyncGenerator<ServedEvent | HeartbeatEvent, void, void>;
/**
 * The events of a server (`fh record` or `fh serve`) through its socket. Takes no rights but those
 * to connect; who is neither root nor the user of the server sees processes of their own uid.
 *
 * The stream outlives servers: when one goes, the next is gone on with after the last event, and
 * each event comes once. What could not be told is a `gap`. The server keeps 8 MiB for a consumer
 * that is slow. It ends with `return()` (a `break` out of `for await`) or when the signal aborts.
 *
 * ```ts ignore
 * for await (const event of connect({ filter: { event: ["exec"], user: "www-data" } })) {
 *   if (event.event === "exec") console.log(event.seq, event.argv);
 * }
 * ```
 *
 * @throws {ConnectionError} There is no server, or it has gone and `retry` is false.
 * @throws {RequestError} The server refuses what was asked, such as a malformed filter.
 */
export function connect(
  settings?: ConnectSettings & { readonly heartbeats?: false },
): AsyncGenerator<ServedEvent, void, void>;
/** Both of these. */
export function connect(
  settings: ConnectSettings = {},
): AsyncGenerator<ServedEvent | HeartbeatEvent, void, void> {
  const { path = socketPath, filter } = settings;
  const asked = filter === undefined ? undefined : { ...filter };
  return follow({ ...settings, path, filter: asked }) as AsyncGenerator<
    unknown,
    void,
    void
  > as AsyncGenerator<ServedEvent | HeartbeatEvent, void, void>;
}

/** A server may begin while it is waited for: it is looked for each time. */
function socketPath(): string {
  const path = socketToAsk({ env: process.env, euid: process.geteuid!() });
  if (path !== null) return path;
  const what = "Cannot connect: no socket is named, and XDG_RUNTIME_DIR is not set";
  throw new ConnectionError("ENOENT", `${what}; give a path, or set FH_SOCKET`);
}

/**
 * Watches the host. The capture starts with the first `next()` and ends with `return()` (a `break`
 * out of `for await`) or when the signal aborts.
 *
 * @throws {SourceRefused} The host does not allow the source that was asked for.
 */
export async function* watch(settings: WatchSettings = {}): AsyncGenerator<WatchEvent, void, void> {
  const feed = new Feed(settings.snapshot === true);
  const session = await Session.open({
    capture: captureOptions(settings),
    redact: redactOf(settings.redact),
    onChange: (change) => feed.add(change, session.epoch),
    onBatch: () => feed.wake(),
    onEnd: (error) => feed.end(error),
  });
  const lines = new JsonLines({
    source: session.info.source,
    users: openUsers().live(),
    env: settings.env !== undefined,
  });
  feed.start(lines);
  // What had happened by then is told before the end.
  const stop = () => void session.close();
  settings.signal?.addEventListener("abort", stop);
  if (settings.signal?.aborted) stop();
  try {
    yield JSON.parse(lines.source(session.info.why, session.epoch, session.beganAt)) as WatchEvent;
    session.begin();
    yield* feed.events();
  } finally {
    settings.signal?.removeEventListener("abort", stop);
    await session.close();
  }
}

/**
 * The tree of processes as /proc shows it now: its roots, and each process by pid. `redact` is that
 * of {@linkcode WatchSettings}.
 *
 * @throws {ProcError} /proc cannot be read.
 */
export function takeTree(
  procRoot: string = "/proc",
  redact: boolean | readonly RegExp[] = true,
): Forest {
  const reader = openProcfs(procRoot);
  const sightings = readProcesses(reader, reader.pids());
  const boot = new RunningBoot(readShortBootId(reader));
  return buildForest(takeSnapshot(sightings, redactOf(redact), boot));
}

function redactOf(redact: WatchSettings["redact"] = true): Redact | undefined {
  return redact === false ? undefined : createRedact(redact === true ? [] : redact);
}

function captureOptions(settings: WatchSettings): CaptureOptions {
  return {
    source: settings.source ?? "auto",
    procRoot: settings.procRoot ?? "/proc",
    env: settings.env ?? [],
    intervalNs: settings.intervalNs ?? null,
    realtime: settings.realtime ?? true,
  };
}

/** Events between the session, which pushes, and the consumer, who pulls. */
class Feed {
  #lines: JsonLines | null = null;
  readonly #snapshot: boolean;
  #waiting: WatchEvent[] = [];
  #dropped = 0;
  #droppedSince = 0;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(snapshot: boolean) {
    this.#snapshot = snapshot;
  }

  start(lines: JsonLines): void {
    this.#lines = lines;
  }

  add(change: Change, epoch: BootEpoch): void {
    if (this.#ended || (change.kind === "snapshot" && !this.#snapshot)) return;
    if (this.#waiting.length >= WAITING_MAX) {
      const { kind, since, time } = change;
      if (this.#dropped++ === 0) this.#droppedSince = kind === "gap" ? since : time;
      return;
    }
    if (this.#dropped > 0) this.#tellDropped(change.time, epoch);
    this.#waiting.push(this.#event(change, epoch));
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  end(error: Error | null): void {
    this.#ended = true;
    this.#error ??= error;
    this.wake();
  }

  async *events(): AsyncGenerator<WatchEvent, void, void> {
    while (true) {
      const ready = this.#waiting;
      this.#waiting = [];
      yield* ready;
      if (this.#waiting.length > 0) continue;
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #tellDropped(time: number, epoch: BootEpoch): void {
    const gap = new Change();
    gap.time = time;
    gap.since = Math.min(this.#droppedSince, time);
    gap.a = this.#dropped;
    gap.b = GAP_REASON.reader;
    this.#dropped = 0;
    this.#waiting.push(this.#event(gap, epoch));
  }

  #event(change: Change, epoch: BootEpoch): WatchEvent {
    return JSON.parse(this.#lines!.line(change, epoch)) as WatchEvent;
  }
}
