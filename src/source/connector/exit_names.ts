/**
 * Names of programs that had ended before they could be read, from what the kernel tells of an
 * exit: the record of the task, or else its zombie. What is found is told as `inferred`.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { EVENT, FLAG, SourceEvent } from "../../model/event.ts";
import { IMAGE_LAYOUT, IMAGE_PARTS } from "../../model/image.ts";
import { TICK_NS } from "../../model/process.ts";
import { hasEnded } from "../../proc/stat.ts";
import type { ProcFiles } from "../proc_files.ts";
import { PresenceReader } from "../scan.ts";

/** So many zombies are looked at in a drain: more are a storm, and the capture must keep up. */
const LOOKS = 256;
/** A name is told before the exit: the times of events that far apart differ for years. */
const BEFORE_NS = 16;
const COMM_AT = IMAGE_PARTS.indexOf("comm") * 4;

/** A process whose name is not known. */
interface Nameless {
  /** The name it had at its end; null as long as nobody has told it. */
  name: Uint8Array | null;
  /** When its leader exited; null while it has not. */
  exitAt: number | null;
}

/** Follows who has no name, from the exec that could not be read to the exit. */
export class ExitNames {
  readonly #reader: PresenceReader;
  readonly #nameless = new Map<number, Nameless>();
  /** Those that have exited, and whose name was not told yet. */
  readonly #ended = new Set<number>();
  readonly #event = new SourceEvent();

  constructor(libc: Libc, files: ProcFiles) {
    this.#reader = new PresenceReader(libc, files);
  }

  /** How many have no name. */
  get open(): number {
    return this.#nameless.size;
  }

  /** Whether it matters what somebody is called. */
  wants(pid: number): boolean {
    return this.#nameless.get(pid)?.name === null;
  }

  /** Takes note of an event, in its turn: before an exit is told, the name known by then. */
  note(event: SourceEvent, horizon: number, writer: BatchWriter): void {
    const { kind, pid, tid } = event;
    if (kind === EVENT.exec) {
      this.#forget(pid);
      if (hasNoName(event.text)) this.#nameless.set(pid, { name: null, exitAt: null });
      return;
    }
    if (this.#nameless.size === 0 || pid !== tid) return;
    if (kind === EVENT.fork) {
      this.#forget(pid);
      if (this.#nameless.has(event.a)) this.#nameless.set(pid, { name: null, exitAt: null });
    } else if (kind === EVENT.comm) {
      this.#forget(pid);
    } else if (kind === EVENT.exit) {
      this.#exit(pid, event.time, horizon, writer);
    }
  }

  #exit(pid: number, time: number, horizon: number, writer: BatchWriter): void {
    const one = this.#nameless.get(pid);
    if (one === undefined) return;
    one.exitAt = time;
    if (one.name === null) this.#ended.add(pid);
    else this.#tell(pid, one.name, time, horizon, writer);
  }

  /** The exit record of a process tells its name; its exit may be still to come. */
  named(pid: number, name: Uint8Array, horizon: number, writer: BatchWriter): void {
    const one = this.#nameless.get(pid);
    if (one === undefined || name.length === 0) return;
    one.name = name;
    if (one.exitAt !== null) this.#tell(pid, name, one.exitAt, horizon, writer);
  }

  /** All records that came with the exits were read: of the others there may be a zombie. */
  drained(horizon: number, writer: BatchWriter): void {
    if (this.#ended.size === 0) return;
    let looks = LOOKS;
    for (const pid of this.#ended) {
      const { exitAt } = this.#nameless.get(pid)!;
      const name = looks-- > 0 ? this.#nameOfZombie(pid, exitAt!) : null;
      if (name === null) this.#nameless.delete(pid);
      else this.#tell(pid, name, exitAt!, horizon, writer);
    }
    this.#ended.clear();
  }

  /** Events were lost: a scan tells anew who lives and what they are called. */
  forget(): void {
    this.#nameless.clear();
    this.#ended.clear();
  }

  #nameOfZombie(pid: number, exitAt: number): Uint8Array | null {
    const reader = this.#reader;
    if (!reader.readStat(pid) || !hasEnded(reader.stat)) return null;
    // Another may have its pid by now.
    return reader.stat.startTicks * TICK_NS <= exitAt ? reader.comm() : null;
  }

  #tell(pid: number, name: Uint8Array, exitAt: number, horizon: number, writer: BatchWriter): void {
    this.#forget(pid);
    const time = Math.max(exitAt - BEFORE_NS, horizon);
    const event = this.#event.reset(EVENT.comm, time, pid, pid);
    event.flags = FLAG.inferred;
    event.text = name;
    writer.add(event);
  }

  #forget(pid: number): void {
    this.#nameless.delete(pid);
    this.#ended.delete(pid);
  }
}

/** Whether an encoded image, or none at all, leaves open what the program is called. */
function hasNoName(image: Uint8Array | null): boolean {
  if (image === null) return true;
  const length = new DataView(image.buffer, image.byteOffset, 32).getUint32(COMM_AT, true);
  return length === IMAGE_LAYOUT.absent;
}
