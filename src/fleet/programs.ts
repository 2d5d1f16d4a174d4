/**
 * Which programs hosts run: what only many hosts together can tell.
 *
 * @module
 */
import { decodeText } from "../model/image.ts";
import type { Connection } from "./connection.ts";

const DAY_MS = 86_400_000;
/** Hosts that are named of one program. */
const NAMED_MAX = 5;

/** A program, by the path of its executable and by its name, which is that of a script. */
export interface FleetProgram {
  /** Null: not known. */
  readonly exe: string | null;
  readonly comm: string | null;
  /** On how many hosts, and names of some of them. */
  readonly hosts: number;
  readonly names: readonly string[];
  /** How often it was started. */
  readonly started: number;
  /** The day on which one of these hosts ran it first, and last: milliseconds. */
  readonly first: number;
  readonly last: number;
}

type Row = readonly [Uint8Array, number, string[], number, number, number];

/** The SQL of a regular expression for a glob of hosts. */
export function globPattern(glob: string): string {
  const text = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return `^${text}$`;
}

/** Of which programs it is asked. */
export interface RareQuery {
  /** Milliseconds since the Unix epoch; the day of it counts as a whole. */
  readonly since: number;
  /** On so many hosts at the most. */
  readonly most: number;
  /** Only those that nobody has run before. */
  readonly isNew: boolean;
  /** A glob of hosts. */
  readonly hosts: string;
}

/** Programs that few hosts have run, the rarest first. */
export async function rarePrograms(db: Connection, query: RareQuery): Promise<FleetProgram[]> {
  const { since, most, isNew, hosts } = query;
  return toPrograms(
    await db.rows<Row>(
      `${SELECT} FROM fh.program p JOIN fh.host h ON h.id = p.host
        WHERE p.day >= $1 AND h.name ~ $3
          AND (NOT $4 OR NOT EXISTS (SELECT 1 FROM fh.program b
            WHERE b.name = p.name AND b.day < $1))
        GROUP BY p.name HAVING count(DISTINCT p.host) <= $2 ORDER BY 2, 4, 1`,
      [dayOf(since), most, globPattern(hosts), isNew],
    ),
  );
}

/** Programs that a host has run and none of its peers, those that it starts most first. */
export async function ownPrograms(
  db: Connection,
  host: string,
  peers: string,
  since: number,
): Promise<FleetProgram[]> {
  return toPrograms(
    await db.rows<Row>(
      `${SELECT} FROM fh.program p JOIN fh.host h ON h.id = p.host
        WHERE p.day >= $1 AND h.name = $2
          AND NOT EXISTS (SELECT 1 FROM fh.program o JOIN fh.host oh ON oh.id = o.host
            WHERE o.name = p.name AND o.day >= $1 AND oh.name <> $2 AND oh.name ~ $3)
        GROUP BY p.name ORDER BY 4 DESC, 1`,
      [dayOf(since), host, globPattern(peers)],
    ),
  );
}

/** Names of hosts that a glob means. */
export async function hostNames(db: Connection, glob: string): Promise<string[]> {
  const rows = await db.rows<[string]>("SELECT name FROM fh.host WHERE name ~ $1 ORDER BY name", [
    globPattern(glob),
  ]);
  return rows.map(([name]) => name);
}

const SELECT = `SELECT p.name, count(DISTINCT p.host),
  (array_agg(DISTINCT h.name))[1:${NAMED_MAX}], sum(p.started)::bigint, min(p.day), max(p.day)`;

function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS);
}

function toPrograms(rows: readonly Row[]): FleetProgram[] {
  return rows.map(([name, hosts, names, started, first, last]) => {
    const at = name.indexOf(0);
    const [exe, comm] = [name.subarray(0, at), name.subarray(at + 1)];
    const text = (bytes: Uint8Array) => bytes.length === 0 ? null : decodeText(bytes);
    return {
      ...{ exe: text(exe), comm: text(comm), hosts, names, started },
      ...{ first: first * DAY_MS, last: last * DAY_MS },
    };
  });
}
