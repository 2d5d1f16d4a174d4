/**
 * Counts of what happened, in bounded memory.
 *
 * @module
 */
import type { Change, ChangeKind } from "./machine.ts";
import { GAP_REASON } from "./event.ts";

/** Names counted at most; the rarest make room. */
const NAMES_MAX = 4096;

/** Occurrences by name. Names beyond the bound replace the rarest and start from one. */
export class TopCount {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count === undefined && this.#counts.size >= NAMES_MAX) this.#dropRarest();
    this.#counts.set(name, (count ?? 0) + 1);
  }

  /** The `count` most frequent names, most frequent first. */
  top(count: number): [name: string, count: number][] {
    const rows = [...this.#counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return rows.slice(0, count);
  }

  #dropRarest(): void {
    const rows = [...this.#counts].sort((a, b) => a[1] - b[1]);
    for (const [name] of rows.slice(0, NAMES_MAX / 4)) this.#counts.delete(name);
  }
}

/** What `fh watch --stats` sums up. */
export class Statistics {
  readonly kinds: Map<ChangeKind, number> = new Map();
  /** Parents by name, by how often they forked. */
  readonly forkers: TopCount = new TopCount();
  /** Started programs by name. */
  readonly commands: TopCount = new TopCount();
  /** Exits with a status not 0 or by a signal. */
  failed = 0;
  /** Events that were lost, as far as their number is known. */
  lost = 0;
  /** Processes and threads that the poller missed. */
  missed = 0;
  /** Gaps of which it is not known how many were lost. */
  uncounted = 0;

  note(change: Change): void {
    const { kind, process } = change;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (process === null) {
      if (change.a < 0) this.uncounted++;
      else if (change.b === GAP_REASON.missed) this.missed += change.a;
      else this.lost += change.a;
      return;
    }
    if (kind === "fork") this.forkers.add(process.parent?.image.comm ?? "?");
    if (kind === "exec") this.commands.add(process.image.program ?? process.image.comm ?? "?");
    if (kind === "exit" && process.status !== null && process.status !== 0) this.failed++;
  }
}
