/**
 * The records of the kernel's log that are still kept: /dev/kmsg gives one with each read.
 *
 * @module
 */
import { closeSync, constants, openSync, readSync } from "node:fs";

const { O_NONBLOCK, O_RDONLY } = constants;
/** No record is longer: PRINTK_MESSAGE_MAX of the kernel (kernel/printk/internal.h). */
const RECORD_MAX = 8192;
/** The log has no more records than that, whatever its size. */
const RECORDS_MAX = 1_000_000;

/** The log, read from its beginning on. */
export class KernelLog {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(RECORD_MAX);
  readonly #decoder = new TextDecoder();

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Null where this user may not read it, or there is none. */
  static open(path = "/dev/kmsg"): KernelLog | null {
    try {
      return new KernelLog(openSync(path, O_RDONLY | O_NONBLOCK));
    } catch {
      return null;
    }
  }

  /** What was not read yet, the oldest first. */
  read(): string[] {
    const records: string[] = [];
    for (let count = 0; count < RECORDS_MAX; count++) {
      const length = this.#readOne();
      if (length === 0) break;
      if (length !== null) records.push(this.#decoder.decode(this.#buffer.subarray(0, length)));
    }
    return records;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Its length; 0 at the end, null where records were overwritten before they were read. */
  #readOne(): number | null {
    try {
      return readSync(this.#fd, this.#buffer, 0, RECORD_MAX, null);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPIPE" ? null : 0;
    }
  }
}

/** All records; null where this user may not read them. */
export function readKernelLog(): string[] | null {
  const log = KernelLog.open();
  const records = log?.read() ?? null;
  log?.close();
  return records;
}
