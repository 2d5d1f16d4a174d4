/**
 * The processes whose descendants are meant, as people name them.
 *
 * @module
 */
import { PastLineage, type PastRoot } from "../model/lineage.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import { choosePast } from "./find.ts";
import { familyOf } from "./here.ts";
import { findNamed } from "./named.ts";
import { neverSeen } from "./never_seen.ts";
import { noHistory } from "./not_found.ts";
import type { Asked, Target } from "./text/target.ts";
import { maySee } from "./viewer.ts";

/** Who is meant, and all pids that these have. */
export interface Roots {
  readonly lineage: PastLineage;
  readonly pids: readonly number[];
}

/**
 * Finds them: of a pid alone all that had it, which is noted where they are several. Throws
 * CommandError where one is not there.
 */
export async function findRoots(asking: Asking, asked: readonly Asked[]): Promise<Roots> {
  const pids: number[] = [];
  const roots: PastRoot[] = [];
  for (const one of asked) {
    const target = typeof one === "string" ? await named(asking, one) : one;
    if (target.at === null && target.id === null) {
      await noteOthers(asking, target);
      pids.push(target.pid);
    } else {
      roots.push(await pastRoot(asking, target));
    }
  }
  const all = [...pids, ...roots.map(({ pid }) => pid)];
  return { lineage: new PastLineage(pids, roots), pids: all };
}

async function named(asking: Asking, name: string): Promise<Target> {
  const { reader, redact, boot } = asking;
  const living = takeSnapshot(readProcesses(reader, reader.pids()), redact, boot);
  const family = familyOf(asking, living);
  const found = await findNamed(asking, family, living, name);
  // Of who is not written yet the id is not known: /proc tells a start to a tick.
  return { pid: found.pid, at: null, id: family.known(found)?.id ?? null };
}

async function pastRoot(asking: Asking, target: Target): Promise<PastRoot> {
  const { store, historyPlace } = asking;
  if (store.past === null) throw noHistory(historyPlace);
  const found = choosePast(await familyOf(asking, []).past(target.pid), target);
  if (found === null) throw await neverSeen(store, target);
  return { pid: found.pid, id: found.id };
}

async function noteOthers(asking: Asking, { pid }: Target): Promise<void> {
  const past = await familyOf(asking, []).past(pid);
  const all = past.filter(({ uid }) => maySee(asking.viewer, uid));
  if (all.length < 2) return;
  const what = `${all.length} processes had pid ${pid}, and all of them are shown`;
  asking.notes.add("others", `${what}; for one give ${pid}@TIME, or an id such as ${all[0]!.id}`);
}
