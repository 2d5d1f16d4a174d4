/**
 * What recorders have found to be wrong, out of a history.
 *
 * @module
 */
import type { PastFinding, PastFindings } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import { pragma } from "./file.ts";
import type { History } from "./history.ts";
import { brokenValue } from "./history_error.ts";
import { column, nullable, TypedRows } from "./typed.ts";

type FindingRow = readonly [
  kind: string,
  key: string,
  since: number,
  until: number,
  over: number,
  count: number,
  life: number,
  by: number | null,
  facts: string,
];

/** Of a stretch, what was found, and the parts of it in which nobody looked. */
export function readFindings(history: History, span: BootSpan): PastFindings {
  const { db, lives } = history;
  // Nobody looks whether it goes on.
  const isAtWork = span.boot.reached;
  const unwatched = unwatchedOf(history, span);
  if (pragma(db, "user_version") < 7) return { found: [], unwatched };
  const rows = new TypedRows<FindingRow>(
    db,
    [
      column("finding.kind", "name"),
      column("finding.key", "name"),
      column("finding.since", "time"),
      column("finding.until", "time"),
      column("finding.over", "bits"),
      column("finding.count", "count"),
      column("finding.life", "key"),
      nullable("finding.by_life", "key"),
      column("finding.facts", "name"),
    ],
    `FROM finding JOIN life ON life.id = finding.life
      WHERE finding.boot = ? AND until >= ? AND since < ? ORDER BY finding.id`,
  );
  const found = rows.all(span.boot.id, span.since, span.until).map((row): PastFinding => {
    const [kind, key, since, until, over, count, life, by, facts] = row;
    return {
      ...{
        kind,
        key,
        since,
        until,
        count,
        isOver: over !== 0 || !isAtWork,
        facts: parseFacts(facts),
      },
      process: lives.get(life)!,
      by: by === null ? null : lives.get(by),
    };
  });
  return { found, unwatched };
}

/** From its start a run looks, or does not, up to the start of the next one. */
function unwatchedOf(history: History, span: BootSpan): BootSpan[] {
  const hasFindings = pragma(history.db, "user_version") >= 7;
  const runs = new TypedRows<readonly [since: number, findings: number | null]>(
    history.db,
    [column("run.since", "time"), nullable(hasFindings ? "run.findings" : "NULL", "bits")],
    "FROM run WHERE boot = ? ORDER BY id",
  ).all(span.boot.id);
  const unwatched: BootSpan[] = [];
  let [from, looks] = [span.since, false];
  const add = (until: number) => {
    const end = Math.min(until, span.until);
    if (!looks && end > from) unwatched.push({ ...span, since: from, until: end });
    from = Math.max(from, end);
  };
  for (const [since, findings] of runs) {
    const next = findings === 1;
    if (next === looks) continue;
    add(since);
    looks = next;
  }
  add(Infinity);
  return unwatched;
}

/** An object of numbers and texts. Throws HistoryError where it is none. */
function parseFacts(text: string): PastFinding["facts"] {
  try {
    const facts: unknown = JSON.parse(text);
    if (typeof facts === "object" && facts !== null && !Array.isArray(facts)) {
      const values = Object.values(facts);
      if (values.every((value) => ["number", "string"].includes(typeof value))) {
        return facts as PastFinding["facts"];
      }
    }
  } catch {
    // Told below.
  }
  throw brokenValue("finding.facts", "is no object of numbers and texts");
}
