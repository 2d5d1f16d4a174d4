/**
 * What the reader of a run must know beside its processes, as sentences.
 *
 * @module
 */
import type { Frame } from "./span.ts";

/** Its notes, and what was lost where none of them tells it. */
export function notesOfFrame({ notes, gaps }: Frame): string[] {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  const untold = reasons.filter((reason) => !notes.some((note) => note.includes(`(${reason})`)));
  return [
    ...notes,
    ...untold.map((reason) => {
      const those = gaps.filter((gap) => gap.reason === reason);
      const sum = those.reduce((all: number | null, { lost }) => {
        return all === null || lost === null ? null : all + lost;
      }, 0);
      const what = sum === null ? "events were" : sum === 1 ? "1 event was" : `${sum} events were`;
      const where = those.length === 1 ? "" : ` in ${those.length} gaps`;
      return `${what} lost${where} (${reason}); what was then may be missing`;
    }),
  ];
}
