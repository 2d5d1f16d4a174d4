/**
 * Lives of a host's history, with all that belongs to them, as what is copied to a fleet at once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { OutgoingImage } from "../history/outgoing.ts";
import { encodeImage, IMAGE_PARTS } from "../model/image.ts";
import type { Parcel } from "../ship/sink.ts";
import { COST_COLUMNS } from "./columns.ts";
import { copyLine } from "./copy_text.ts";

const LIFE_COLUMNS = [
  ...["boot_id", "pid", "born", "nth", "span", "parent_pid", "parent_born", "parent_nth", "ppid"],
  ...["reaper", "status", "image", "exec", "flags"],
  ...COST_COLUMNS,
];
const IMAGE_COLUMNS = ["id", ...IMAGE_PARTS, "uid", "argv_missing"];
const FORMER_COLUMNS = ["boot_id", "pid", "born", "nth", "until", "since", "image"];

/** Bytes of an id of an image: those of a uuid. */
const ID_BYTES = 16;

/** Lines for a table, and the statement that takes them. */
export interface CopyLines {
  readonly sql: string;
  readonly lines: string[];
}

/** The lines of some lives, for each table; in whichever order. */
export function copiesOf(
  { lives, formers, images }: Pick<Parcel, "lives" | "formers" | "images">,
): readonly CopyLines[] {
  const life = linesFor("fh.incoming", LIFE_COLUMNS);
  const image = linesFor("fh.incoming_image", IMAGE_COLUMNS);
  const former = linesFor("fh.incoming_former", FORMER_COLUMNS);
  const ids = new Map<number, string>();
  for (const [key, one] of images) {
    const id = idOf(one);
    ids.set(key, id);
    const texts = IMAGE_PARTS.map((name) => one.parts[name]);
    image.lines.push(copyLine([id, ...texts, one.uid, one.parts.argvMore ?? 0]));
  }
  const whose = new Map<number, readonly (string | number)[]>();
  for (const one of lives) {
    const { bootId, pid, born, nth, span, parent, ppid, reaper, status, exec, flags } = one;
    const who = [bootId, pid, born, nth];
    whose.set(one.key, who);
    life.lines.push(copyLine([
      ...[...who, span],
      ...[parent?.pid ?? null, parent?.born ?? null, parent?.nth ?? null],
      ...[ppid, reaper, status, ids.get(one.image)!, exec, flags],
      ...one.costs,
    ]));
  }
  for (const one of formers) {
    const { until, since } = one;
    former.lines.push(
      copyLine([...whose.get(one.life)!, until, since, ids.get(one.image) ?? null]),
    );
  }
  return [life, image, former];
}

function linesFor(table: string, columns: readonly string[]): CopyLines {
  return { sql: `COPY ${table} (${columns.join(", ")}) FROM STDIN`, lines: [] };
}

/** The id of an image is that of what is in it: the same is stored once, whoever sends it. */
function idOf({ parts, uid }: OutgoingImage): string {
  const hash = createHash("sha256").update(encodeImage(parts)).update(`\0${uid}`).digest("hex");
  return hash.slice(0, 2 * ID_BYTES);
}
