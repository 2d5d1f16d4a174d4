/**
 * On which hosts the same was started in the same way: by the same command line, below ancestors of
 * the same names.
 *
 * @module
 */
import type { Spread } from "../ask/store.ts";
import type { Life } from "../history/life.ts";
import type { Process } from "../model/process.ts";
import type { Connection } from "./connection.ts";
import { Conditions } from "./wanted.ts";

/** Lives of that command line that are looked at, the latest. */
const LIVES_MAX = 10_000;
/** Ancestors that are compared, the nearest. */
const ABOVE_MAX = 32;

/** Looks for them; null where a process has run no command line of its own. */
export async function spreadOf(fleet: Connection, life: Life): Promise<Spread | null> {
  const { comm, argv } = life.image.parts;
  if (life.exec === null || argv === null) return null;
  const above: Process[] = [];
  for (let at = life.parent; at !== null && above.length < ABOVE_MAX; at = at.parent) {
    above.push(at);
  }
  const sql = new Conditions();
  const isSame = () =>
    sql.bind("i.comm IS NOT DISTINCT FROM ?::bytea AND i.argv = ?::bytea", comm, argv);
  // Of each step only who stands there is left: of very many runs these are few.
  const steps = above.map(({ image }, at) => {
    const is = sql.bind("i.comm IS NOT DISTINCT FROM ?::bytea", image.parts.comm);
    return `up${at + 1} AS MATERIALIZED (SELECT DISTINCT l.host, l.boot, l.parent FROM up${at} u
      JOIN fh.life l ON l.host = u.host AND l.boot = u.boot AND l.id = u.parent
      LEFT JOIN fh.image i ON i.host = l.host AND i.id = l.image WHERE ${is})`;
  });
  // The index has the lives of one image in this order, but not those of several.
  const newest = `ORDER BY l.ended DESC NULLS FIRST LIMIT ${LIVES_MAX}`;
  const [row] = await fleet.rows<[names: readonly string[] | null, of: number, looked: number]>(
    `WITH runs AS MATERIALIZED (SELECT l.*
        FROM (SELECT DISTINCT i.id FROM fh.image_text i WHERE ${isSame()}) s
          CROSS JOIN LATERAL (SELECT l.host, l.boot, l.parent, l.image, l.ended FROM fh.life l
            WHERE l.image = s.id AND l.exec IS NOT NULL ${newest}) l ${newest}),
      up0 AS MATERIALIZED (SELECT DISTINCT r.host, r.boot, r.parent
        FROM (SELECT DISTINCT host, boot, parent, image FROM runs) r
        JOIN fh.image i ON i.host = r.host AND i.id = r.image WHERE ${isSame()})
      ${steps.map((step) => `, ${step}`).join("")}
      SELECT (SELECT array_agg(h.name ORDER BY h.name) FROM fh.host h
          WHERE h.id IN (SELECT host FROM up${above.length})),
        (SELECT count(*) FROM fh.host), (SELECT count(*) FROM runs)`,
    sql.parameters,
  );
  const [names, of, looked] = row!;
  return {
    names: names ?? [],
    of,
    isAll: looked < LIVES_MAX,
    above: above.map(({ image }) => image.comm),
  };
}
