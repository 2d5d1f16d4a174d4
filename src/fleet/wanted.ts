/**
 * Which lives an answer may need, as SQL: conditions that are true of all that are wanted, and of
 * some more, which the answer itself leaves out.
 *
 * @module
 */
import type { ChangeQuery, Sought } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { Connection, Parameter } from "./connection.ts";
import type { MirroredBoot } from "./mirror.ts";

const NS_PER_US = 1000;
/** More images than that are not named to the server again. */
const IMAGES_MAX = 1000;
const US_PER_TICK = 10_000;
/** Words that stand in the bytes of a command line as they are shown. */
const PLAIN = /^[\w./@:=,+%-]+$/;

/** A condition with its parameters. */
export class Conditions {
  readonly parameters: Parameter[] = [];
  readonly #all: string[] = [];

  /** Adds one; `?` stands for each of the parameters. */
  add(sql: string, ...parameters: readonly Parameter[]): this {
    this.#all.push(this.bind(sql, ...parameters));
    return this;
  }

  /** SQL with its parameters numbered. */
  bind(sql: string, ...parameters: readonly Parameter[]): string {
    let at = 0;
    return sql.replaceAll("?", () => {
      this.parameters.push(parameters[at++]!);
      return `$${this.parameters.length}`;
    });
  }

  /** All of them. */
  get sql(): string {
    return this.#all.length === 0 ? "true" : this.#all.map((one) => `(${one})`).join(" AND ");
  }
}

/** A stretch of a boot, as microseconds by the clock that the boot began with. */
export interface Stretch {
  readonly span: BootSpan;
  /** Number of its host. */
  readonly host: number;
  readonly since: number;
  readonly until: number;
}

/** Stretches of time by the clocks that only go forward. */
export function stretchesOf(
  spans: readonly BootSpan[],
  boots: ReadonlyMap<number, MirroredBoot>,
): Stretch[] {
  return spans.flatMap((span) => {
    const boot = boots.get(span.boot.id);
    if (boot === undefined) return [];
    const begin = boot.epochTick * US_PER_TICK;
    return [{
      span,
      host: boot.host,
      // Of what is after the epoch a number has quarters of a microsecond alone.
      since: begin + Math.floor(span.since / NS_PER_US),
      until: begin + Math.ceil(span.until / NS_PER_US),
    }];
  });
}

/** What begins within so much time is gone through together, microseconds. */
const TOGETHER_US = 60_000_000;

/** Stretches in groups that begin at about the same time: a host may be hours behind others. */
export function ofOneTime<Some extends { readonly since: number }>(
  stretches: readonly Some[],
): Some[][] {
  const groups: Some[][] = [];
  for (const stretch of [...stretches].sort((a, b) => a.since - b.since)) {
    const group = groups.at(-1);
    if (group === undefined || stretch.since > group[0]!.since + TOGETHER_US) {
      groups.push([stretch]);
    } else group.push(stretch);
  }
  return groups;
}

/** A moment of that clock as nanoseconds since a boot. */
export function sinceBootOf(us: number, { epochTick }: MirroredBoot): number {
  return (us - epochTick * US_PER_TICK) * NS_PER_US;
}

/** Images that have what is sought: their ids, which are the same on all hosts. */
export interface SoughtImages {
  /** Null: there are too many of them to be named. */
  readonly ids: readonly string[] | null;
  readonly sought: Sought;
}

/** Looks for them, once for a question; null where the server cannot tell. */
export async function seekImages(
  fleet: Connection,
  sought: Sought | null,
  kinds: ChangeQuery["kinds"],
): Promise<SoughtImages | null> {
  // A fork has the image of its parent, which the row of the life does not tell.
  if (sought === null || kinds.has("fork")) return null;
  const where = new Conditions();
  const test = imageTest(where, sought);
  if (test === null) return null;
  const rows = await fleet.rows<[string]>(
    `SELECT DISTINCT i.id::text FROM fh.image_text i WHERE ${test} LIMIT ${IMAGES_MAX + 1}`,
    where.parameters,
  );
  return { sought, ids: rows.length > IMAGES_MAX ? null : rows.map(([id]) => id) };
}

/** Whether every life that is wanted has one of these images itself. */
export function ownImages(
  images: SoughtImages | null,
  kinds: ChangeQuery["kinds"],
): readonly string[] | null {
  return kinds.has("exec") ? null : images?.ids ?? null;
}

/** Adds what every image has that is wanted. */
export function addSought(
  to: Conditions,
  images: SoughtImages | null,
  kinds: ChangeQuery["kinds"],
): void {
  if (images === null) return;
  const { ids, sought } = images;
  const own = ids === null
    ? `EXISTS (SELECT 1 FROM fh.image i WHERE i.host = l.host AND i.id = l.image
        AND ${imageTest(to, sought)})`
    : to.bind("l.image = ANY(?::uuid[])", ids);
  if (!kinds.has("exec")) return void to.add(own);
  const test = ids === null ? imageTest(to, sought) : to.bind("i.id = ANY(?::uuid[])", ids);
  to.add(`${own} OR EXISTS (SELECT 1 FROM fh.former f JOIN fh.image i
    ON i.host = f.host AND i.id = f.image WHERE f.host = l.host AND f.boot = l.boot
    AND f.life = l.id AND ${test})`);
}

/** SQL that is true of every image `i` that has what is sought; null where it cannot be asked. */
export function imageTest(to: Conditions, sought: Sought): string | null {
  if (sought.in === "user") return to.bind("i.uid = ANY(?)", sought.uids);
  if (!sought.literals.every((text) => PLAIN.test(text))) return null;
  const has = (part: string) =>
    sought.literals.map((text) => {
      // As bytes from the beginning: it is asked of each row.
      return to.bind(`position(?::bytea in ${part}) > 0`, new TextEncoder().encode(text));
    }).join(" OR ");
  if (sought.in === "command line") {
    return `(coalesce(length(i.argv), 0) = 0 OR ${has("i.argv")})`;
  }
  return `(${has("i.argv")} OR ${has("i.exe")} OR ${has("i.comm")})`;
}
