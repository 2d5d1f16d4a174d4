/**
 * The events of a socket, which are JSON, as the source events they were made of.
 *
 * @module
 */
import { BatchWriter, type BootEpoch } from "../../model/batch.ts";
import { EVENT, FLAG, GAP_REASON, GAP_WORDS, SourceEvent, UNKNOWN } from "../../model/event.ts";
import { CHANGE_KINDS } from "../../model/change.ts";
import { encodeImage } from "../../model/image.ts";
import { TICK_NS } from "../../model/process.ts";
import { signalNumber } from "../../text/words.ts";

/** The fields of an event, as `fh watch --json` has them; most belong to some events only. */
interface Fields {
  readonly event: string;
  readonly time: string;
  readonly inferred?: true;
  readonly id: string;
  readonly pid: number;
  readonly ppid: number | null;
  readonly parent: string | null;
  readonly uid: number | null;
  readonly comm: string | null;
  readonly exe: string | null;
  readonly argv: readonly string[] | null;
  readonly argv_missing?: number;
  readonly cwd: string | null;
  readonly cgroup: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly core: boolean;
  readonly duration_ns: number | null;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  readonly tracer: number | null;
  readonly tid: number;
  readonly since?: string;
  readonly lost: number | null;
  readonly reason: string;
}

/** Events of one process. */
type Kind = "fork" | "exec" | "exit" | "comm" | "uid" | "gid" | "sid" | "ptrace" | "coredump";

const KINDS: ReadonlySet<string> = new Set(CHANGE_KINDS);
const RUNNING = "R".charCodeAt(0);
/** Signals to some application are missing then; of this stream nothing is. */
const OF_SIGNALS = GAP_WORDS[GAP_REASON.signals];

const encoder = new TextEncoder();

/** Whether a line tells of a change, or that some are missing, and not of the stream itself. */
export function tellsChange({ event, reason }: Partial<Pick<Fields, "event" | "reason">>): boolean {
  return KINDS.has(event ?? "") && !(event === "gap" && reason === OF_SIGNALS);
}

/**
 * Turns lines into batches. Starts are those of the ids, so that each process keeps its id; times
 * are those of the server, whatever the epoch, as long as it is the same for all.
 */
export class SocketEvents {
  /** The time of the last line, nanoseconds since boot. */
  told = 0;
  readonly #epoch: BootEpoch;
  #writer = new BatchWriter();
  readonly #batches: ArrayBuffer[] = [];
  #lastTime = 0;
  readonly #event = new SourceEvent();
  /** The processes that run, until all of them are known; null after that. */
  #snapshot: Fields[] | null = [];
  /** Ids of the processes that live, by pid. */
  readonly #known = new Map<number, string>();
  #second = "";
  #seconds = 0;

  constructor(epoch: BootEpoch) {
    this.#epoch = epoch;
  }

  /** Takes a line; throws SyntaxError for one that is no JSON. */
  add(line: string): void {
    const fields = JSON.parse(line) as Fields;
    const { event } = fields;
    if (event === "source") return;
    const time = this.#timeOf(fields.time);
    this.told = Math.max(this.told, time);
    if (event === "snapshot") {
      this.#snapshot?.push(fields);
      return;
    }
    this.#endSnapshot(time);
    if (!tellsChange(fields)) return;
    if (event === "gap") this.#gap(time, fields);
    else this.#change(time, event as Kind, fields);
  }

  /** What was added since, as batches for a session. */
  take(): ArrayBuffer[] {
    this.#cut();
    return this.#batches.splice(0);
  }

  #timeOf(text: string): number {
    const second = text.slice(0, 19);
    if (second !== this.#second) {
      this.#second = second;
      this.#seconds = Date.parse(`${second}Z`) / 1000 - this.#epoch.seconds;
    }
    return this.#seconds * 1e9 + Number(text.slice(20, 29)) - this.#epoch.ns;
  }

  /** Events stay in the order in which they were told: a batch is sorted by time. */
  #push(event: SourceEvent): void {
    if (event.time < this.#lastTime) this.#cut();
    this.#lastTime = event.time;
    this.#writer.add(event);
  }

  #cut(): void {
    const batch = this.#writer.take(Infinity, this.#epoch);
    if (batch !== null) this.#batches.push(batch);
  }

  #endSnapshot(time: number): void {
    if (this.#snapshot === null) return;
    const found = this.#snapshot;
    this.#snapshot = null;
    // A parent is older than its child, and than another process that got the parent's pid.
    found.sort((a, b) => (startOf(a.id) ?? 0) - (startOf(b.id) ?? 0));
    const at = found.length === 0 ? time : this.#timeOf(found[0]!.time);
    this.#push(this.#event.reset(EVENT.scanBegin, at, 0, 0));
    for (const fields of found) this.#present(at, fields, fields.pid, fields.id, fields.ppid);
    this.#push(this.#event.reset(EVENT.scanEnd, at, 0, 0));
  }

  #gap(time: number, { since, lost, reason }: Fields): void {
    const event = this.#event.reset(EVENT.gap, time, 0, 0);
    // A server of an earlier version tells the end alone.
    event.start = since === undefined ? time : this.#timeOf(since);
    event.a = lost ?? UNKNOWN;
    event.b = GAP_WORDS.indexOf(reason);
    this.#push(event);
  }

  #change(time: number, kind: Kind, fields: Fields): void {
    const { pid, id, ppid, parent } = fields;
    if (kind === "fork") {
      // A fork shows what its parent was: enough, should the parent have been missed.
      if (ppid !== null && parent !== null) this.#meet(time, fields, ppid, parent, null);
      this.#known.set(pid, id);
    } else {
      this.#meet(time, fields, pid, id, ppid);
    }
    const event = this.#event.reset(EVENT[kind], time, pid, pid);
    if (fields.inferred) event.flags = FLAG.inferred;
    this.#fill(event, kind, fields);
    this.#push(event);
    if (kind === "exit") this.#known.delete(pid);
  }

  #fill(event: SourceEvent, kind: Kind, fields: Fields): void {
    switch (kind) {
      case "fork":
        event.a = event.b = fields.ppid ?? UNKNOWN;
        event.start = startOf(fields.id) ?? 0;
        break;
      case "exec":
        event.text = imageOf(fields);
        event.d = idNumber(fields.uid);
        break;
      case "exit":
        event.flags |= FLAG.group;
        event.a = waitStatus(fields);
        event.asOf = endOf(fields);
        break;
      case "comm":
        event.text = bytesOf(fields.comm);
        break;
      case "uid":
        event.a = idNumber(fields.uid);
        event.b = idNumber(fields.euid);
        break;
      case "gid":
        event.a = idNumber(fields.gid);
        event.b = idNumber(fields.egid);
        break;
      case "ptrace":
        event.tid = fields.tid;
        event.a = fields.tracer ?? 0;
        break;
      default:
    }
  }

  /** A process that was not to be seen before (it was another user's), or whose fork was missed. */
  #meet(time: number, fields: Fields, pid: number, id: string, ppid: number | null): void {
    if (this.#known.get(pid) !== id) this.#present(time, fields, pid, id, ppid);
  }

  #present(time: number, fields: Fields, pid: number, id: string, ppid: number | null): void {
    this.#known.set(pid, id);
    const start = startOf(id);
    // Of a process whose start is not known the machine takes note by itself.
    if (start === null) return;
    const event = this.#event.reset(EVENT.present, time, pid, pid);
    event.start = start;
    event.asOf = time;
    event.a = ppid ?? 0;
    event.b = 1;
    event.c = RUNNING;
    event.d = idNumber(fields.uid);
    event.text = imageOf(fields);
    this.#push(event);
  }
}

/** The start that an id tells, nanoseconds since boot; null for one that marks it as unknown. */
export function startOf(id: string): number | null {
  const ticks = /-(\d+)(?:\.\d+)?$/.exec(id)?.[1];
  return ticks === undefined ? null : Number(ticks) * TICK_NS;
}

/** Where the life ends that lasts as long as it is told to; 0 is the time of the event. */
function endOf({ id, duration_ns: duration }: Fields): number {
  const start = startOf(id);
  return start === null || duration === null ? 0 : start + duration;
}

/** The wait status of wait(2) that is told in words. */
function waitStatus({ exit_code: code, signal, core }: Fields): number {
  if (code !== null) return code << 8;
  const number = signal === null ? null : signalNumber(signal);
  return number === null ? UNKNOWN : number | (core ? 0x80 : 0);
}

/** An unsigned number in a signed field. */
function idNumber(id: number | null): number {
  return id === null ? UNKNOWN : id | 0;
}

function imageOf({ argv, argv_missing: argvMore, exe, cwd, cgroup, comm }: Fields): Uint8Array {
  return encodeImage({
    argv: argv === null ? null : encoder.encode(argv.map((word) => `${word}\0`).join("")),
    exe: bytesOf(exe),
    cwd: bytesOf(cwd),
    cgroup: cgroup === null ? null : encoder.encode(`0::${cgroup}\n`),
    comm: bytesOf(comm),
    env: null,
    argvMore: argvMore ?? 0,
  });
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : encoder.encode(text);
}
