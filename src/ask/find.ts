/**
 * The process that is meant, among the living and the dead of a family.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import { localTime } from "../host/local_time.ts";
import type { Process } from "../model/process.ts";
import type { Family, PastProcess } from "./store.ts";
import type { Target } from "./text/target.ts";

/**
 * The process that a target names, linked; null when none is. Throws CommandError when several
 * are.
 */
export async function findTarget(family: Family, target: Target): Promise<Process | null> {
  const { pid, at, id } = target;
  const living = family.living(pid);
  // A file of another host or boot is asked about what it has; its pids are not those of here.
  if (id !== null || at !== null || living === null || !family.isOfHere) {
    const past = choosePast(await family.past(pid), target);
    if (past !== null) return await family.of(past);
    if (living === null || at !== null) return null;
    if (id !== null && living.id !== id) return null;
  }
  await family.link([living]);
  return living;
}

/**
 * The one of some past processes that a target names; null when none is. Throws CommandError when
 * several are.
 */
export function choosePast(
  lives: readonly PastProcess[],
  { pid, at, id }: Target,
): PastProcess | null {
  const meant = lives.filter((life) =>
    id !== null ? isNamed(life, id) : at === null || livedAt(life, at)
  );
  const exact = meant.find((life) => life.id === id);
  if (exact === undefined && meant.length > 1) throw whichOne(pid, meant);
  return exact ?? meant[0] ?? null;
}

/** Whether an id is that of a life: an id made from /proc can be a tick off. */
function isNamed(life: PastProcess, id: string): boolean {
  const [boot, pid, ticks = ""] = id.split("-");
  if (boot !== life.boot.shortId || Number(pid) !== life.pid) return false;
  if (life.id === id) return true;
  return Math.abs(Number(ticks) - life.startTicks) <= 1;
}

function livedAt(life: PastProcess, moment: number): boolean {
  // A time is given to the second: what lived at some time within it is meant.
  const until = life.boot.moment(life.born + Math.min(life.seenFor, Number.MAX_SAFE_INTEGER));
  return life.boot.moment(life.born) < moment + 1000 && until >= moment;
}

function whichOne(pid: number, lives: readonly PastProcess[]): CommandError {
  const shown = lives.slice(0, 10).map((life) => {
    const on = life.boot.host == null ? "" : `${life.boot.host}:`;
    const began = localTime(life.boot.moment(life.born));
    return `  ${on}${life.id}  ${began}  ${life.image.comm ?? "?"}`;
  });
  const more = lives.length - shown.length;
  const what = `Which process ${pid}: ${lives.length} had that pid; give one of these ids`;
  return new CommandError(EXIT.usage, what, more > 0 ? [...shown, `  and ${more} more`] : shown);
}
