/**
 * The process that is meant by a name.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import { isBelow } from "../model/lineage.ts";
import type { Process } from "../model/process.ts";
import { namesOf } from "../model/program_names.ts";
import type { Asking } from "./asking.ts";
import { missingClause } from "./missing.ts";
import type { Family } from "./store.ts";
import { maySee } from "./viewer.ts";

/**
 * The newest of the living with a name that has none of that name above, else the latest of the
 * dead; others are noted. Throws CommandError where there is none.
 */
export async function findNamed(
  asking: Asking,
  family: Family,
  living: readonly Process[],
  name: string,
): Promise<Process> {
  const { store, viewer } = asking;
  const sees = ({ uid }: Process) => maySee(viewer, uid);
  await family.meet();
  const named = living.filter((one) => namesOf(one.image).includes(name) && sees(one));
  await family.link(named);
  const newest = newestTop(named);
  if (newest !== null) {
    noteOthers(asking, name, newest, named);
    return newest;
  }
  // A server does not go through all programs for whoever asks.
  const past = await family.lastNamed(name, viewer.privileged);
  if (past !== null && sees(past)) return await family.of(past);
  const known = store.isElsewhere ? `in ${store.place}` : `in /proc and in ${store.place}`;
  const where = store.past === null
    ? "in /proc"
    : known + await missingClause(store, store.bounds.all());
  throw noneNamed(name, where);
}

/** The newest of some above which there is none of them; null where there are none. */
export function newestTop<One extends Process>(some: readonly One[]): One | null {
  const answers = new Map<Process, boolean>(some.map((one) => [one, true]));
  const tops = some.filter(({ parent }) => parent === null || !isBelow(parent, answers));
  return tops.sort((a, b) => b.born - a.born)[0] ?? null;
}

/** The error of a name that nobody has. */
export function noneNamed(name: string, where: string): CommandError {
  const what = `No process named ${name}: none is ${where}`;
  return new CommandError(EXIT.notFound, `${what}; give a pid, or the name ps shows`);
}

function noteOthers(
  { notes }: Asking,
  name: string,
  shown: Process,
  named: readonly Process[],
): void {
  const others = named.filter((process) => process !== shown).map(({ pid }) => pid);
  if (others.length === 0) return;
  const some = others.slice(0, 8).join(", ") + (others.length > 8 ? ", …" : "");
  const what = `${others.length} more of the name ${name} run, with pid ${some}`;
  notes.add("others", `${shown.pid} is shown; ${what}`);
}
