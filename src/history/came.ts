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
/** How many of ten pauses are nearly as long as the middle one, where times are even. */
const EVEN_SHARE = 0.9;

/**
 * Control group, folder and variables may differ from time to time. Of a command line that was not
 * kept, or not as a whole, it is not known whether it is the same.
 */
const ALIKE = `FROM image one JOIN image other ON other.argv = one.argv AND other.comm IS one.comm
  AND other.uid IS one.uid WHERE one.id = ? ORDER BY other.latest DESC`;

type ImageRow = readonly [key: number, latest: number | null];
type LifeRow = readonly [key: number, boot: number, born: number, status: number | null];

/** Null where it has run no program of its own, or its command line is not known. */
export function* cameSteps(history: History, life: Life): Steps<Came | null> {
  const { argv, argvMore = 0 } = life.image.parts;
  if (life.exec === null || argv === null || argvMore > 0) return null;
  const { db } = history;
  const alike = new TypedRows<ImageRow>(
    db,
    [column("other.id", "key"), nullable("other.latest", "key")],
    ALIKE,
  );
  const lives = new TypedRows<LifeRow>(
    db,
    [
      column("life.id", "key"),
      column("boot", "key"),
      column("born", "time"),
      nullable("status", "bits"),
    ],
    "FROM life WHERE image = ? AND exec IS NOT NULL ORDER BY id DESC LIMIT ?",
  );
  let found: LifeRow[] = [];
  /** What is older than this is not among the latest. */
  let floor = 0;
  let isAll = true;
  let seen = 0;
  // The images whose lives are the latest come first.
  for (const [image, latest] of alike.all(life.imageKey)) {
    if (++seen % STEP_ROWS === 0) yield;
    if (latest !== null && latest < floor) {
      isAll = false;
      break;
    }
    for (const row of lives.iterate(image, TIMES_MAX + 1)) {
      if (++seen % STEP_ROWS === 0) yield;
      if (row[0] < floor) {
        isAll = false;
        break;
      }
      found.push(row);
    }
    if (found.length <= TIMES_MAX) continue;
    found = found.sort(([a], [b]) => b - a).slice(0, TIMES_MAX);
    floor = found.at(-1)![0];
    isAll = false;
  }
  const moments = found.map(([, boot, born]) => history.bootOf(boot, "life.boot").moment(born));
  const failed = found.filter(([, , , status]) => status !== null && status !== 0).length;
  moments.sort((a, b) => a - b);
  return { times: moments.length, isAll, failed, since: moments[0]!, everyMs: everyMs(moments) };
}

/** The time from one to the next, where that is nearly always the same. */
function everyMs(moments: readonly number[]): number | null {
  if (moments.length < EVEN_TIMES_MIN) return null;
  const pauses = moments.slice(1).map((moment, i) => moment - moments[i]!).sort((a, b) => a - b);
  const middle = pauses[Math.floor(pauses.length / 2)]!;
  const even = pauses.filter((pause) => Math.abs(pause - middle) <= middle / 4).length;
  return middle > 0 && even >= pauses.length * EVEN_SHARE ? middle : null;
}
