/**
 * How often the same was started before: the same command line by the same user.
 *
 * @module
 */
import type { Came } from "../ask/store.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { History } from "./history.ts";
import type { Life } from "./life.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** Of what came more often, the latest so many are looked at. */
const TIMES_MAX = 10_000;
/** From so many on they may come at even times. */
const EVEN_TIMES_MIN = 4;

/** Control group, folder and variables may differ from time to time. */
const ALIKE = `FROM image one JOIN image other ON other.argv IS one.argv AND other.comm IS one.comm
  AND other.uid IS one.uid AND (one.argv IS NOT NULL OR other.exe IS one.exe) WHERE one.id = ?`;

type Row = readonly [boot: number, born: number, status: number | null];

/** Null where it has run no program of its own. */
export function* cameSteps(history: History, life: Life): Steps<Came | null> {
  if (life.exec === null) return null;
  const { db } = history;
  const alike = new TypedRows<readonly [number]>(db, [column("other.id", "key")], ALIKE);
  const lives = new TypedRows<Row>(
    db,
    [column("boot", "key"), column("born", "time"), nullable("status", "bits")],
    "FROM life WHERE image = ? AND exec IS NOT NULL ORDER BY id DESC LIMIT ?",
  );
  const moments: number[] = [];
  let failed = 0;
  let seen = 0;
  let isAll = true;
  for (const [image] of alike.iterate(life.imageKey)) {
    for (const [boot, born, status] of lives.iterate(image, TIMES_MAX + 1)) {
      if (++seen % STEP_ROWS === 0) yield;
      if (moments.length >= TIMES_MAX) {
        isAll = false;
        break;
      }
      moments.push(history.bootOf(boot, "life.boot").moment(born));
      if (status !== null && status !== 0) failed++;
    }
    if (!isAll) break;
  }
  moments.sort((a, b) => a - b);
  return { times: moments.length, isAll, failed, since: moments[0]!, everyMs: everyMs(moments) };
}

/** The time from one to the next, where that is nearly always the same. */
function everyMs(moments: readonly number[]): number | null {
  if (moments.length < EVEN_TIMES_MIN) return null;
  const pauses = moments.slice(1).map((moment, i) => moment - moments[i]!).sort((a, b) => a - b);
  const at = (share: number) => pauses[Math.floor(share * (pauses.length - 1))]!;
  const middle = at(0.5);
  return at(0.75) - at(0.25) <= middle / 4 && middle > 0 ? middle : null;
}
