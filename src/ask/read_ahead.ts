/**
 * /proc, read a little at a time before a question about the whole host is answered: others have
 * their turn in between, and command lines take a bounded memory.
 *
 * @module
 */
import { setImmediate as immediate } from "node:timers/promises";
import { QUESTION_LIMITS } from "./limits.ts";
import { PROCESS_FILES, type ProcOwner, type ProcReader } from "../proc/procfs.ts";

const COMMAND_LINE = PROCESS_FILES.indexOf("cmdline");

/** A reader that has read all processes already, as {@linkcode PROCESS_FILES} says. */
export async function readAhead(reader: ProcReader): Promise<ProcReader> {
  const pids = reader.pids();
  const read = new ReadAhead(reader, pids);
  let late = performance.now() + QUESTION_LIMITS.turnMs;
  for (const pid of pids) {
    read.readTogether(pid, PROCESS_FILES);
    if (performance.now() < late) continue;
    await immediate();
    late = performance.now() + QUESTION_LIMITS.turnMs;
  }
  return read;
}

class ReadAhead implements ProcReader {
  readonly #reader: ProcReader;
  readonly #pids: number[];
  readonly #read = new Map<number, (Uint8Array | null)[]>();
  #bytes = 0;

  constructor(reader: ProcReader, pids: number[]) {
    this.#reader = reader;
    this.#pids = pids;
  }

  pids(): number[] {
    return [...this.#pids];
  }

  tasks(pid: number): number[] {
    return this.#reader.tasks(pid);
  }

  read(pid: ProcOwner, name: string): Uint8Array | null {
    return this.#reader.read(pid, name);
  }

  link(pid: number | "self", name: string): Uint8Array | null {
    return this.#reader.link(pid, name);
  }

  sizeOf(pid: number, name: string, known: number): number | null {
    return this.#reader.sizeOf(pid, name, known);
  }

  /** Of a host whose command lines are too many, those of the last are not known. */
  readTogether(pid: number, names: readonly string[]): (Uint8Array | null)[] {
    if (names !== PROCESS_FILES) return this.#reader.readTogether(pid, names);
    let files = this.#read.get(pid);
    if (files !== undefined) return files;
    files = this.#reader.readTogether(pid, names);
    this.#bytes += files[COMMAND_LINE]?.length ?? 0;
    if (this.#bytes > QUESTION_LIMITS.commandLines) {
      this.#bytes -= files[COMMAND_LINE]?.length ?? 0;
      files[COMMAND_LINE] = null;
    }
    this.#read.set(pid, files);
    return files;
  }
}
