/**
 * What programs were called that ran lately.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { column, TypedRows } from "./typed.ts";

/** Names (comm) of the newest `images` of a history that are text, the newest first. */
export function recentNames(db: DatabaseSync, images: number): string[] {
  const rows = new TypedRows<readonly [name: string]>(
    db,
    [column("value", "name")],
    `FROM (SELECT comm, max(id) AS newest FROM (SELECT id, comm FROM image ORDER BY id DESC LIMIT ?)
      GROUP BY comm) JOIN text ON text.id = comm WHERE typeof(value) = 'text'
      ORDER BY newest DESC`,
  );
  return rows.all(images).map(([name]) => name);
}
