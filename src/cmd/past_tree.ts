/**
 * Trees of past processes as JSON: each with the ids and times of its boot.
 *
 * @module
 */
import { Life } from "../history/life.ts";
import type { Process } from "../model/process.ts";
import type { TreePlace } from "../view/tree_json.ts";

/** The boot of a process out of a history; undefined for one of /proc. */
export function placeOf(process: Process): TreePlace | undefined {
  if (!(process instanceof Life)) return undefined;
  const { boot, born, moreAbove } = process;
  return { boot: boot.shortId, epoch: boot.epochAt(born), moreAbove };
}
