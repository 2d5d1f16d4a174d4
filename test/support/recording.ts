/**
 * A recorder of a test: its source is fed by hand, its host made up.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openForReading } from "../../src/history/file.ts";
import { CommonShares } from "../../src/model/common_shares.ts";
import { Users } from "../../src/proc/passwd.ts";
import { Recorder, type RecorderSettings } from "../../src/recorder/recorder.ts";
import type { World } from "../../src/recorder/world.ts";
import { Session } from "../../src/session.ts";
import { type FakeProcess, type FakeProcfs, fakeProcfs } from "./fake_procfs.ts";
import { HandFed } from "./hand_fed.ts";
import { PAST_BOOT, PAST_EPOCH } from "./past.ts";
import { until } from "./until.ts";

const S = 1e9;
const BOOT_ID = { "sys/kernel/random/boot_id": `${PAST_BOOT}\n` };
const LIMITS = { keepMs: 3600e3, maxBytes: 64 << 20 };

/** How a recorder is set up, and what its host shows. */
export interface RecordingParts extends RecorderSettings {
  readonly samples: boolean;
  readonly processes: readonly FakeProcess[];
}

/** A recorder of a test, and the world around it. */
export class Recording {
  readonly folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  readonly path: string;
  readonly source = new HandFed(PAST_EPOCH, 10 * S);
  readonly said: string[] = [];
  readonly #abort = new AbortController();
  readonly #procfs: FakeProcfs;
  #signalled: ((name: string) => boolean) | null = null;
  readonly ended: Promise<void>;

  constructor(parts: Partial<RecordingParts> = {}, before?: Recording) {
    const { samples = false, processes = [], ...settings } = parts;
    this.#procfs = fakeProcfs(processes, BOOT_ID);
    this.path = before?.path ?? join(this.folder, "history.db");
    const capture = {
      source: "poll",
      procRoot: "",
      env: [],
      intervalNs: null,
      realtime: false,
    } as const;
    const world: World = {
      procRoot: this.#procfs.root,
      env: {},
      euid: 0,
      users: new Users(() => "", () => 0),
      shares: CommonShares.of(),
      signal: this.#abort.signal,
      onSignal: (listener) => this.#signalled = listener,
      now: () => PAST_EPOCH.seconds * 1000 + 60_000,
      say: (text) => void this.said.push(text),
      complain: (text) => void this.said.push(text),
      openSession: (told) => Session.open({ capture, ...told }, this.source.start),
    };
    const history = { path: this.path, limits: LIMITS, argv: true, samples };
    this.ended = new Recorder(world, { history, socket: null, ...settings }).run();
    this.ended.catch(() => {});
  }

  /** Waits until it has said that it is at work. */
  async begun(): Promise<this> {
    const begins = "source replay: a test feeds it";
    await until(() => this.said.includes(begins));
    return this;
  }

  hangUp(): void {
    assert.equal(this.#signalled!("SIGHUP"), true);
  }

  /** Ends it, as SIGTERM does. */
  async end(): Promise<void> {
    this.#abort.abort("SIGTERM");
    await this.ended;
  }

  /** Pids and states of all processes in its file. */
  rows(): [pid: number, state: unknown][] {
    const db = openForReading(this.path);
    try {
      return db.prepare("SELECT pid, state FROM process ORDER BY pid").all()
        .map(({ pid, state }) => [Number(pid), state]);
    } finally {
      db.close();
    }
  }

  [Symbol.dispose](): void {
    this.#procfs.remove();
    rmSync(this.folder, { recursive: true });
  }
}
