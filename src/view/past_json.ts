/**
 * Past changes as NDJSON: the ids of each boot, and the source that saw it.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import type { Change } from "../model/machine.ts";
import type { Users } from "../proc/passwd.ts";
import type { ByteText } from "../text/byte_text.ts";
import { JsonLines } from "./json.ts";

/** A boot, as far as its lines tell of it. */
export interface SeenBoot {
  /** First group of the boot id. */
  readonly shortId: string;
  /** The host, where the lines are about several. */
  readonly host?: string | null;
  /** The source that saw what was then, nanoseconds since boot. */
  sourceAt(ns: number): string;
}

/** Writes changes of any boot. */
export class PastJson {
  readonly #users: Users;
  readonly #lines = new Map<string, JsonLines>();
  /** In which boot the changes that follow were. */
  boot: SeenBoot | null = null;
  /** What the field `seq` of the next lines says; null leaves it out. */
  seq: number | null = null;

  constructor(users: Users) {
    this.#users = users;
  }

  /** Appends one change of {@linkcode PastJson.boot} as a line, newline included. */
  append(change: Change, epoch: BootEpoch, to: ByteText): void {
    const source = this.boot!.sourceAt(change.time);
    const host = this.boot!.host ?? null;
    const key = host === null ? source : `${source} ${host}`;
    let lines = this.#lines.get(key);
    if (lines === undefined) {
      lines = new JsonLines({ source, host, users: this.#users, env: false });
      this.#lines.set(key, lines);
    }
    lines.seq = this.seq;
    lines.append(change, epoch, to);
  }
}
