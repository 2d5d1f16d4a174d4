/**
 * Waits for the exec that rang the doorbell, and looks as often as it may be there.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { BatchWriter } from "../../model/batch.ts";
import type { Clocks } from "../clocks.ts";
import { startsAlike } from "../likeness.ts";
import type { Endings } from "./endings.ts";
import { type ExecBell, RING } from "./exec_bell.ts";
import type { Known } from "./known.ts";
import type { NewestProcesses } from "./newest.ts";

/** How long the exec that rang the doorbell is waited for, and for how old a process at most. */
const AWAIT_NS = 2_500_000;
const EXPECTED_NS = 100_000_000;
/** Most execs come this soon after the fork was seen. */
const DUE_NS = 5_000_000;
/** Pause before the next look at it, as a multiple of the time this thread was busy before. */
const REST = 0.5;
/** Time between the wake-up and the first line that runs here. */
const WAKING_NS = 20_000;

/** What it takes to see an exec, and who is told of it. */
export interface ExecParts {
  readonly libc: Libc;
  readonly clocks: Clocks;
  readonly bell: ExecBell;
  readonly newest: NewestProcesses;
  readonly endings: Endings;
  /** A poll set of the descriptor that ends a wait, and no other. */
  readonly wake: Uint8Array;
  /** Execs that were told up to now. */
  told(): number;
  /** Looks for new processes. */
  look(now: number, writer: BatchWriter): void;
  /** `known`, behind `handle`, shows another command line. */
  exec(known: Known, handle: number, now: number, writer: BatchWriter): void;
}

/** Watches the youngest processes for their exec. */
export class ExecWatch {
  readonly #parts: ExecParts;
  readonly #buffer = new Uint8Array(new ArrayBuffer(4096));

  constructor(parts: ExecParts) {
    this.#parts = parts;
  }

  /** Does what `ring`, one of RING, asks for. */
  answer(ring: number, now: number, writer: BatchWriter): void {
    if (ring === RING.begun) this.#await(now, writer);
    else if (ring === RING.loading) this.#lookAtNewest(writer);
  }

  /** Whether a process is so young that it is most likely about to exec. */
  isDue(now: number): boolean {
    const [first] = this.#parts.newest.entries;
    return first !== undefined && now - first.known.foundAt <= DUE_NS;
  }

  /**
   * The doorbell rings when an exec begins: its process shows another command line some hundred
   * microseconds later, and may be gone after as many more.
   */
  #await(rangAt: number, writer: BatchWriter): void {
    const { libc, clocks, bell, wake, told, look } = this.#parts;
    const before = told();
    let awake = rangAt;
    while (this.#lookAtNewest(writer)) {
      const now = clocks.now();
      if (told() > before || now > rangAt + AWAIT_NS) break;
      libc.ppoll(wake, (now - awake + WAKING_NS) * REST);
      awake = clocks.now();
      look(awake, writer);
    }
    // Program and loader ring for one exec, both before it shows.
    bell.answer();
  }

  /** One read tells whether a process runs another program by now; whether any may still do so. */
  #lookAtNewest(writer: BatchWriter): boolean {
    const { libc, clocks, newest, endings, exec } = this.#parts;
    const now = clocks.now();
    let expected = false;
    for (const entry of newest.entries) {
      const { known, handle, cmdline } = entry;
      if (now - known.foundAt > EXPECTED_NS) break;
      const length = libc.pread(cmdline, this.#buffer, 0);
      expected = length >= 0 || expected;
      if (length === 0) endings.lookAtName(entry);
      if (length <= 0 || startsAlike(this.#buffer, length, known.image.parts)) continue;
      exec(known, handle, now, writer);
    }
    return expected;
  }
}
