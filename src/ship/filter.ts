/**
 * Which lives are shipped: a filter as `fh log` has it, asked of rows.
 *
 * @module
 */
import { createFilter, type FilterOptions } from "../ask/filter.ts";
import type { UserIds } from "../ask/text/values.ts";
import { Image } from "../model/image.ts";
import type { LifeTest } from "./shipper.ts";

/** Images that are remembered with their answers. */
const IMAGES_MAX = 4096;

/** What asks a life whether it passes, by what it is now. Throws UsageError for an unknown user. */
export function lifeTest(options: FilterOptions, users: UserIds): LifeTest {
  const { failed = false, minDuration = 0 } = options;
  const { ofImage } = createFilter(options, users);
  const answers = new Map<number, boolean>();
  return ({ status, span, image }, read) => {
    if (failed && (status === null || status === 0)) return false;
    if (minDuration > 0 && (span === null || span < minDuration)) return false;
    if (ofImage === null) return true;
    let answer = answers.get(image);
    if (answer === undefined) {
      const { parts, uid } = read();
      answer = ofImage({ image: new Image(parts), uid });
      if (answers.size >= IMAGES_MAX) answers.clear();
      answers.set(image, answer);
    }
    return answer;
  };
}
