/**
 * What a recorder finds to be wrong, on its way into the history.
 *
 * @module
 */
import type { Finding } from "../detect/finding.ts";
import { keptFinding } from "../detect/kept.ts";
import { FindingLog } from "../history/finding_log.ts";
import type { WritableHistory } from "../history/file.ts";

/** Findings that go on have the same number until they are over. */
export class RecordedFindings {
  readonly #numbers = new Map<Finding, number>();
  #log: FindingLog | null = null;

  /** The log that is written beside the lives of a file that was opened: what goes on is in it. */
  open({ db }: WritableHistory, bootId: string): FindingLog {
    this.#log = new FindingLog(db, bootId);
    const open = [...this.#numbers.keys()];
    this.#numbers.clear();
    for (const finding of open) this.note(finding);
    return this.#log;
  }

  /** It begins, goes on or ends. */
  note(finding: Finding): void {
    const log = this.#log;
    if (log === null) return;
    const kept = keptFinding(finding);
    const number = this.#numbers.get(finding) ?? log.numberOf(kept);
    if (finding.isOver) this.#numbers.delete(finding);
    else this.#numbers.set(finding, number);
    log.put(number, kept);
  }
}
