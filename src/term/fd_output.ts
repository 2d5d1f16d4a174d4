/**
 * Standard output and standard error: a slow reader or a stopped terminal never stops the
 * program.
 *
 * @module
 */
import { fstatSync, readFileSync, write as fsWrite, writeSync } from "node:fs";
import process from "node:process";
import { CommandError, EXIT } from "../fault.ts";
import type { Output } from "./output.ts";

/** Size of the buffers in which small chunks are gathered, and of the largest write. */
const STAGE_BYTES = 256 * 1024;
/** Buffers kept for the next chunks. */
const SPARES_MAX = 2;
const RETRY_MS_MIN = 1;
const RETRY_MS_MAX = 50;
/** How often {@linkcode FdOutput.hurry} looks before it gives up. */
const LOOKS = 6;

/**
 * write(2) at the file's own position, off the main thread: `done` gets how many of `bytes` are
 * written, or an error with a `code` such as `EPIPE`. Called again only after `done`.
 */
export type WriteCall = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/** How an output is set up. */
export interface FdOutputOptions {
  /** In messages: "standard output". */
  readonly name: string;
  /** Called once when nothing more can be written: the reader is gone, or an error occurred. */
  onClosed?(): void;
  /** Size of the terminal; asked only when it is one. */
  size?(): { readonly columns?: number | undefined; readonly rows?: number | undefined };
  /** Writes where somebody reads; `fs.write` if not given. */
  readonly write?: WriteCall;
}

/** Bytes that wait for their write. */
interface Piece {
  readonly bytes: Uint8Array;
  /** The stage that it is a part of, to be used again. */
  readonly stage: Uint8Array | null;
}

const encoder = new TextEncoder();

function writeFile(fd: number, bytes: Uint8Array, done: Parameters<WriteCall>[2]): void {
  fsWrite(fd, bytes, 0, bytes.byteLength, null, done);
}

/** Major number of /dev/null and its kin, Documentation/admin-guide/devices.txt. */
const MEMORY_DEVICES = 1;

const STDOUT = 1;
const O_CLOEXEC = 0o2000000;

/**
 * Whether standard output was closed, and the runtime has put /dev/null there: what would be closed
 * by execve(2) cannot have come through it. Nobody misses what standard error would have said.
 */
function isStopgap(fd: number): boolean {
  if (fd !== STDOUT) return false;
  const [, flags = "0"] = /^flags:\s*(\d+)/m.exec(
    readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"),
  )!;
  return (parseInt(flags, 8) & O_CLOEXEC) !== 0;
}

/** What a descriptor is: a `file`, /dev/null too, has nobody whom a write could wait for. */
function kindOf(fd: number): "terminal" | "file" | "nowhere" | "other" {
  try {
    const found = fstatSync(fd);
    if (found.isFile()) return "file";
    if (!found.isCharacterDevice()) return "other";
    if (found.rdev >> 8 === MEMORY_DEVICES) return isStopgap(fd) ? "nowhere" : "file";
  } catch {
    return "other"; // A closed descriptor: the write will tell.
  }
  // Loaded for a terminal only: it takes longer than all the rest of a short command.
  return process.getBuiltinModule("node:tty").isatty(fd) ? "terminal" : "other";
}

/**
 * A file or /dev/null has no reader to wait for: another thread would only cost. `done` comes a
 * little later all the same, so that a long queue is no deep recursion.
 */
function writeFileAtOnce(fd: number, bytes: Uint8Array, done: Parameters<WriteCall>[2]): void {
  let written = 0;
  let failed: NodeJS.ErrnoException | null = null;
  try {
    written = writeSync(fd, bytes);
  } catch (error) {
    failed = error as NodeJS.ErrnoException;
  }
  queueMicrotask(() => done(failed, written));
}

/**
 * An output on a file descriptor: one write in flight, what comes meanwhile is gathered for the
 * next. The descriptor's flags are left alone, because other processes share them.
 */
export class FdOutput implements Output {
  readonly isTerminal: boolean;
  readonly isNowhere: boolean;
  readonly #fd: number;
  readonly #options: FdOutputOptions;
  readonly #write: WriteCall;
  readonly #queue: Piece[] = [];
  #stage: Uint8Array | null = null;
  #staged = 0;
  readonly #spares: Uint8Array[] = [];
  #pending = 0;
  /** Writes that somebody has taken something of. */
  #taken = 0;
  #busy = false;
  #retryMs = RETRY_MS_MIN;
  #closed = false;
  #error: CommandError | null = null;
  #flushers: (() => void)[] = [];

  constructor(fd: number, options: FdOutputOptions) {
    this.#fd = fd;
    this.#options = options;
    const kind = kindOf(fd);
    this.isTerminal = kind === "terminal";
    this.isNowhere = kind === "nowhere";
    const atOnce = kind === "file" || this.isNowhere;
    this.#write = atOnce ? writeFileAtOnce : options.write ?? writeFile;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get pendingBytes(): number {
    return this.#pending;
  }

  get columns(): number {
    return (this.isTerminal && this.#options.size?.().columns) || 80;
  }

  get rows(): number {
    return (this.isTerminal && this.#options.size?.().rows) || 24;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#closed || chunk.length === 0) return;
    if (typeof chunk === "string") this.#addText(chunk);
    else this.#addBytes(chunk);
    if (this.#busy) return;
    this.#busy = true;
    // What the caller writes until it awaits something goes out together.
    queueMicrotask(() => this.#next());
  }

  /** Rejects with a CommandError when something could not be written. */
  async flush(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#flushers.push(resolve));
    if (this.#error !== null) throw this.#error;
  }

  /** From now on nobody is waited for who takes nothing for `ms`: the program is to end. */
  hurry(ms: number): void {
    let before = -1;
    let still = 0;
    const look = () => {
      if (this.#closed) return;
      const now = this.#busy ? this.#taken : -1;
      still = now >= 0 && now === before ? still + 1 : 0;
      before = now;
      if (still === LOOKS) this.#giveUp();
      else setTimeout(look, ms / LOOKS);
    };
    look();
  }

  #addText(text: string): void {
    if (text.length * 3 > STAGE_BYTES) {
      this.#enqueue(encoder.encode(text));
      return;
    }
    const { written } = encoder.encodeInto(text, this.#room(text.length * 3));
    this.#staged += written;
    this.#pending += written;
  }

  #addBytes(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.byteLength; from += STAGE_BYTES) {
      const part = bytes.subarray(from, from + STAGE_BYTES);
      this.#room(part.byteLength).set(part);
      this.#staged += part.byteLength;
      this.#pending += part.byteLength;
    }
  }

  #enqueue(bytes: Uint8Array): void {
    this.#seal();
    this.#queue.push({ bytes, stage: null });
    this.#pending += bytes.byteLength;
  }

  /** The free end of a stage with at least `bytes` in it. */
  #room(bytes: number): Uint8Array {
    if (this.#stage !== null && this.#staged + bytes > STAGE_BYTES) this.#seal();
    // The same few buffers again and again: fresh memory costs more than the copy.
    this.#stage ??= this.#spares.pop() ?? new Uint8Array(STAGE_BYTES);
    return this.#stage.subarray(this.#staged);
  }

  #seal(): void {
    const stage = this.#stage;
    if (stage === null || this.#staged === 0) return;
    this.#queue.push({ bytes: stage.subarray(0, this.#staged), stage });
    this.#stage = null;
    this.#staged = 0;
  }

  #next(): void {
    if (this.#queue.length === 0) this.#seal();
    const piece = this.#queue.shift();
    if (piece === undefined) this.#rest();
    else this.#send(piece, 0);
  }

  #rest(): void {
    this.#busy = false;
    for (const resolve of this.#flushers.splice(0)) resolve();
  }

  #send(piece: Piece, from: number): void {
    const bytes = piece.bytes.subarray(from, from + STAGE_BYTES);
    this.#write(this.#fd, bytes, (error, written) => {
      if (error !== null) this.#failed(error, piece, from);
      else if (written === 0) this.#retry(piece, from);
      else this.#sent(piece, from + written, written);
    });
  }

  #sent(piece: Piece, to: number, written: number): void {
    if (this.#closed) return;
    this.#retryMs = RETRY_MS_MIN;
    this.#taken++;
    this.#pending -= written;
    if (to < piece.bytes.byteLength) {
      this.#send(piece, to);
      return;
    }
    if (piece.stage !== null && this.#spares.length < SPARES_MAX) this.#spares.push(piece.stage);
    this.#next();
  }

  /** Somebody else has made the pipe or terminal non-blocking, and it is full. */
  #retry(piece: Piece, from: number): void {
    setTimeout(() => this.#send(piece, from), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  #failed(error: NodeJS.ErrnoException, piece: Piece, from: number): void {
    if (error.code === "EINTR") {
      this.#send(piece, from);
      return;
    }
    if (error.code === "EAGAIN") {
      this.#retry(piece, from);
      return;
    }
    if (this.#closed) return;
    // A terminal that hung up answers EIO.
    const readerGone = error.code === "EPIPE" || (error.code === "EIO" && this.isTerminal);
    if (!readerGone) this.#fail(error.code ?? error.message);
    this.#close();
  }

  #giveUp(): void {
    this.#fail(`nobody takes the last ${this.#pending} bytes`);
    this.#close();
  }

  #fail(why: string): void {
    this.#error = new CommandError(EXIT.failed, `Cannot write ${this.#options.name}: ${why}`);
  }

  #close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#stage = null;
    this.#spares.length = 0;
    this.#staged = this.#pending = 0;
    this.#rest();
    this.#options.onClosed?.();
  }
}
