/**
 * What runs now as a store of its own: it knows the living alone.
 *
 * @module
 */
import { Bounds } from "../model/bounds.ts";
import type { Process } from "../model/process.ts";
import type { DeadBelow, Family, Living, Missing, PastProcess, Store } from "./store.ts";

/** /proc, of whose past nothing is known. */
export class LivingStore implements Store {
  readonly past = null;
  readonly behind = null;
  readonly bounds = new Bounds([], () => 0);
  readonly place: string;

  /** `place` is where procfs is mounted, for people. */
  constructor(place: string) {
    this.place = place;
  }

  family({ processes }: Living): Family {
    return new LivingFamily(processes);
  }

  missing(): Promise<Missing[]> {
    return Promise.resolve([]);
  }

  close(): void {}
}

/** The living, whose parents are those that /proc shows. */
class LivingFamily implements Family {
  readonly isOfHere = true;
  readonly #byPid: ReadonlyMap<number, Process>;

  constructor(processes: readonly Process[]) {
    this.#byPid = new Map(processes.map((process) => [process.pid, process]));
  }

  living(pid: number): Process | null {
    return this.#byPid.get(pid) ?? null;
  }

  past(): Promise<PastProcess[]> {
    return Promise.resolve([]);
  }

  lastNamed(): Promise<PastProcess | null> {
    return Promise.resolve(null);
  }

  of(past: PastProcess): Promise<Process> {
    return Promise.resolve(past);
  }

  async meet(): Promise<void> {}

  async link(): Promise<void> {}

  async linkAll(): Promise<void> {}

  deadBelow(): Promise<DeadBelow> {
    return Promise.resolve({ dead: [], hidden: new Map(), isWhole: true });
  }

  known(): null {
    return null;
  }

  spanOf(): null {
    return null;
  }
}
