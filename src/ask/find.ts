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
  const exact = meant.filter((life) => id !== null && restOf(life.id) === restOf(id));
  const found = exact.length > 0 ? exact : meant;
  if (found.length > 1) throw whichOne(pid, found);
  return found[0] ?? null;
}

/** Whether an id is that of a life: an id made from /proc can be a tick off. */
function isNamed(life: PastProcess, id: string): boolean {
  const [boot = "", pid, ticks = ""] = id.split("-");
  if (!isOfBoot(life, boot) || Number(pid) !== life.pid) return false;
  if (restOf(life.id) === restOf(id)) return true;
  return Math.abs(Number(ticks) - life.startTicks) <= 1;
}

/**
 * Whether that is its boot: an id may have the number of a boot where hosts are asked that share
 * it, or be that of the host, which has none.
 */
function isOfBoot({ boot: { bootId, host, id } }: PastProcess, text: string): boolean {
  const [group, number] = text.split("_");
  if (group !== bootId.slice(0, 8)) return false;
  return number === undefined || (host != null && Number(number) === id);
}

/** An id without its boot. */
function restOf(id: string): string {
  return id.slice(id.indexOf("-"));
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
