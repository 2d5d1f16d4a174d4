/**
 * The latest life that ran a program of some name.
 *
 * @module
 */
import { cutName, namesOf } from "../model/program_names.ts";
import type { Steps } from "../steps.ts";
import { shownImages } from "./candidates.ts";
import type { History } from "./history.ts";
import type { Life } from "./life.ts";

/**
 * By the name that the kernel keeps, which an index finds; else by the name of its file, its first
 * word or its script, for which all images are gone through. Null where none is.
 */
export function* latestNamed(history: History, name: string): Steps<Life | null> {
  const kept = cutName(name);
  const found = history.byComm(kept);
  if (found !== null && (kept === name || namesOf(found.image).includes(name))) return found;
  let latest = -1;
  for (const shown of shownImages(history)) {
    if (shown === null) yield;
    else if (shown.latest !== null && shown.latest > latest) {
      if (namesOf(shown.image).includes(name)) latest = shown.latest;
    }
  }
  const life = latest < 0 ? null : history.lives.get(latest);
  if (life !== null) return life;
  // Of who ran too short to be read nothing is known but the name that was cut.
  return found !== null && found.image.parts.argv === null ? found : null;
}
