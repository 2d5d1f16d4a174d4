/**
 * How the processes that the poller knows end: as zombies, with a status when they are reaped,
 * and with an account if one is wanted.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { BatchWriter } from "../../model/batch.ts";
import { UNKNOWN } from "../../model/event.ts";
import { onlyName } from "../likeness.ts";
import type { ProcFiles } from "../proc_files.ts";
import type { PresenceReader } from "../scan.ts";
import type { ZombieAccounts } from "../zombie_account.ts";
import type { Known, KnownProcesses } from "./known.ts";
import type { Newest, NewestProcesses } from "./newest.ts";
import type { PidfdSet } from "./pidfd.ts";
import type { PollEvents } from "./poll_events.ts";

/** A parent that has not reaped by then is not waited for: the exit is told without its code. */
const REAP_PATIENCE_NS = 100_000_000;

/** What it takes to see ends, and where they are told. */
export interface EndingParts {
  readonly libc: Libc;
  readonly files: ProcFiles;
  readonly reader: PresenceReader;
  readonly known: KnownProcesses;
  readonly newest: NewestProcesses;
  readonly pidfds: PidfdSet;
  readonly events: PollEvents;
  /** Null when no accounts are wanted, or pidfds cannot tell of ends. */
  readonly accounts: ZombieAccounts | null;
}

/** Notices ends and tells of them. */
export class Endings {
  readonly #parts: EndingParts;
  readonly #name = new Uint8Array(new ArrayBuffer(64));
  /** When the ends of this look were told, by pid. */
  readonly #ends = new Map<number, number>();

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** Takes what pidfds say; whether a known process has ended. */
  poll(now: number, writer: BatchWriter): boolean {
    let any = false;
    this.#parts.pidfds.poll((pid, reaped) => {
      const known = this.#parts.known.get(pid);
      if (known === undefined) return;
      any = true;
      this.#ended(known, reaped, now, writer);
    });
    return any;
  }

  #ended(known: Known, reaped: boolean, now: number, writer: BatchWriter): void {
    if (known.endedAt === null && !reaped) {
      // Its parent may be about to wait for it: one call, where it is followed.
      const followed = this.#parts.newest.find(known);
      if (followed === undefined) this.#lookAtZombie(known);
      else this.lookAtName(followed);
      this.account(known, now, writer);
    }
    known.endedAt ??= now;
    if (reaped) this.finish(known, now, writer);
    else if (!known.told) this.#parts.known.zombies.add(known);
  }

  /** Tells what a process has cost, if that is wanted and it is a zombie. */
  account(known: Known, time: number, writer: BatchWriter): void {
    const { accounts } = this.#parts;
    const { pid, startTicks, io } = known;
    if (accounts === null || startTicks === null || known.accounted) return;
    const ended = { pid, startMin: startTicks, startMax: startTicks, io };
    known.accounted = accounts.tell(ended, time, writer) !== null;
  }

  /** The process is gone: its end is told, unless it was. */
  finish(known: Known, now: number, writer: BatchWriter): void {
    const { pidfds, events, newest, libc } = this.#parts;
    const status = known.fd < 0 ? UNKNOWN : pidfds.waitStatus(known.fd);
    if (known.fd >= 0) pidfds.remove(known.fd);
    if (known.io >= 0) libc.close(known.io);
    this.#parts.known.remove(known);
    newest.remove(known);
    if (known.told) return;
    events.exit(known, status, now, writer);
    this.#ends.set(known.pid, now);
  }

  /** When the last process with a pid ended, if that was told in this look; else 0. */
  endOf(pid: number): number {
    return this.#ends.get(pid) ?? 0;
  }

  /** A look is over: what begins from now on begins after all that has ended. */
  lookIsOver(): void {
    if (this.#ends.size > 0) this.#ends.clear();
  }

  /** Tells the exits of zombies that nobody reaps; /proc has their codes for their owner. */
  loseCodes(now: number, writer: BatchWriter): void {
    const { known: all, reader, events } = this.#parts;
    for (const known of all.zombies) {
      if (now - known.endedAt! < REAP_PATIENCE_NS) continue;
      const code = reader.readStat(known.pid) ? reader.stat.exitCode ?? 0 : 0;
      known.told = true;
      all.zombies.delete(known);
      events.exit(known, code === 0 ? UNKNOWN : code, now, writer);
    }
  }

  /** In the middle of an exec, and of a zombie, only the name can show that there was an exec. */
  lookAtName({ known, comm }: Newest): void {
    const length = this.#parts.libc.pread(comm, this.#name, 0);
    if (length > 1) this.#see(known, this.#name.slice(0, length - 1));
  }

  #see(known: Known, comm: Uint8Array | null): void {
    if (comm !== null) known.halfSeen = onlyName(comm, known.image);
  }

  #lookAtZombie(known: Known): void {
    const { files, reader, libc } = this.#parts;
    const handle = files.openProcess(known.pid);
    if (handle < 0) return;
    // Its parent may have waited for it by now, and another may have the pid.
    if (reader.beganAt(handle, known.startTicks)) this.#see(known, files.readComm(handle));
    libc.close(handle);
  }

  /** Lets go of all that is open for known processes. */
  close(): void {
    const { known: all, pidfds, libc } = this.#parts;
    for (const { fd, io } of all.all()) {
      if (fd >= 0) pidfds.remove(fd);
      if (io >= 0) libc.close(io);
    }
  }
}
