/**
 * Histories for tests: events go through a machine and a writer into a file of their own.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openForRecording, type WritableHistory } from "../../src/history/file.ts";
import { HistoryWriter, type WriterOptions } from "../../src/history/writer.ts";
import type { BootEpoch } from "../../src/model/batch.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";

/** Whole id of the boot that these histories are of. */
export const PAST_BOOT = "7c0a51fe-1111-4222-8333-444444444444";
/** 2026-11-24T00:00:00Z, when that boot was. */
export const PAST_EPOCH = { seconds: 1_795_478_400, ns: 0 };
const SECOND = 1_000_000_000;

/** A recorder without a source: what it records is told to it. */
export class TestRecorder {
  readonly folder: string;
  readonly path: string;
  /** A file that was there is in the folder of whoever made it. */
  readonly #ownsFolder: boolean;
  readonly #file: WritableHistory;
  readonly writer: HistoryWriter;
  readonly machine: Machine;
  #last: number;

  /**
   * Begins to record, into a new file or one that is there; at one second after boot and so on
   * unless `facts` say otherwise.
   */
  constructor(path?: string, facts: Partial<WriterOptions> = {}) {
    this.#ownsFolder = path === undefined;
    this.folder = path === undefined ? mkdtempSync(join(tmpdir(), "fh-past-")) : dirname(path);
    this.path = path ?? join(this.folder, "history.db");
    this.#file = openForRecording(this.path);
    this.#last = facts.since ?? SECOND;
    this.machine = new Machine({
      onChange: (change) => this.writer.note(change),
      onScanned: () => this.writer.scanned(),
      onAccount: (process, _figures, last) => {
        if (last) this.writer.noteAccount(process);
      },
    });
    this.writer = new HistoryWriter(this.#file, {
      bootId: PAST_BOOT,
      pid: 99,
      since: SECOND,
      epoch: PAST_EPOCH,
      source: "connector",
      why: "a test",
      version: "0",
      accounts: "taskstats",
      findings: false,
      keepMs: Infinity,
      maxBytes: Infinity,
      continued: false,
      argv: true,
      processes: () => this.machine.processes(),
      ...facts,
    });
  }

  /** The open file. */
  get db(): WritableHistory["db"] {
    return this.#file.db;
  }

  /** Whose the room in it is. */
  get ledger(): WritableHistory["ledger"] {
    return this.#file.ledger;
  }

  /** Tells what happened. */
  tell(...events: readonly SourceEvent[]): this {
    for (const event of events) {
      this.machine.step(event);
      this.#last = Math.max(this.#last, event.time);
    }
    return this;
  }

  /** Writes what was told; the wall clock stands as `epoch` says. */
  flush(epoch: BootEpoch = PAST_EPOCH): this {
    this.writer.flush(this.#last, epoch);
    return this;
  }

  /** Writes the rest, and ends. */
  end(): this {
    this.writer.end(this.#last + 1, PAST_EPOCH);
    this.#file.close();
    return this;
  }

  /** Removes the file and its folder. */
  [Symbol.dispose](): void {
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true });
  }
}
