/**
 * What a host has forgotten before it was shipped, as gaps.
 *
 * @module
 */
import type { Outgoing, OutgoingLife } from "../history/outgoing.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import type { ShippedGap, Who } from "./sink.ts";

const reason = GAP_WORDS[GAP_REASON.unshipped]!;

/**
 * Numbers between `after` and the last of `fresh` that nobody has. `isSame`: the file is the one
 * that was shipped from before.
 */
export function holesOf(
  after: number,
  fresh: readonly OutgoingLife[],
  isSame: boolean,
): ShippedGap[] {
  const holes: ShippedGap[] = [];
  const [first] = fresh;
  if (!isSame && first !== undefined) {
    // Another file: what the one before had beyond the cursor, nobody can tell.
    const { boot, born } = first;
    holes.push({ boot, since: 0, until: born, lost: null, reason });
  }
  let before = { key: after, boot: -1, born: 0 };
  for (const life of fresh) {
    const lost = life.key - before.key - 1;
    if (lost > 0 && (isSame || before.boot >= 0)) {
      const since = before.boot === life.boot ? Math.min(before.born, life.born) : 0;
      holes.push({ boot: life.boot, since, until: life.born, lost, reason });
    }
    before = life;
  }
  return holes;
}

/** Lives whose ends were to be told of, and that are not there any more: a gap for each boot. */
export function endsMissed(
  gone: readonly Who[],
  source: Pick<Outgoing, "bootNumber" | "reach">,
): ShippedGap[] {
  const reach = source.reach();
  const gaps: ShippedGap[] = [];
  for (const [bootId, lives] of Map.groupBy(gone, (who) => who.bootId)) {
    const own = source.bootNumber(bootId);
    // Where the boot is forgotten as well, it is told in the latest.
    const boot = own ?? reach?.boot;
    if (boot === undefined) continue;
    const since = own === null ? 0 : Math.min(...lives.map(({ born }) => born));
    const until = boot === reach?.boot ? reach.ns : Math.max(...lives.map(({ born }) => born));
    gaps.push({ boot, since, until, lost: lives.length, reason });
  }
  return gaps;
}
