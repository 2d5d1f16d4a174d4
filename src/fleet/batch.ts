/**
 * Lives of a host's history, with all that belongs to them, as what is copied to a fleet at once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Outgoing, OutgoingImage, OutgoingLife } from "../history/outgoing.ts";
import { encodeImage, IMAGE_PARTS } from "../model/image.ts";
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
/** Bytes of texts in one batch, about: command lines can be long, and be made so. */
export const BATCH_BYTES: number = 8 << 20;

/** Lines for a table, and the statement that takes them. */
export interface CopyLines {
  readonly sql: string;
  readonly lines: string[];
}

/** The lines of some lives. */
export interface Batch {
  readonly lives: CopyLines;
  readonly images: CopyLines;
  readonly formers: CopyLines;
  /** Of how many of the lives it is, the first ones: texts of the others had no room. */
  readonly taken: number;
}

/** Makes lines of lives, as far as there is room; `argv`: command lines are shipped, too. */
export function batchOf(
  source: Pick<Outgoing, "formers" | "image">,
  lives: readonly OutgoingLife[],
  argv: boolean,
): Batch {
  const batch = {
    taken: 0,
    lives: linesFor("fh.incoming", LIFE_COLUMNS),
    images: linesFor("fh.incoming_image", IMAGE_COLUMNS),
    formers: linesFor("fh.incoming_former", FORMER_COLUMNS),
  };
  const ids = new Map<number, string>();
  let bytes = 0;
  const imageId = (key: number): string => {
    let id = ids.get(key);
    if (id === undefined) {
      id = addImage(batch.images, source.image(key), argv);
      bytes += batch.images.lines.at(-1)!.length;
      ids.set(key, id);
    }
    return id;
  };
  const formers = Map.groupBy(source.formers(lives.map(({ key }) => key)), ({ life }) => life);
  for (const life of lives) {
    if (bytes > BATCH_BYTES) break;
    batch.taken++;
    const { bootId, pid, born, nth, span, parent, ppid, reaper, status, exec, flags } = life;
    batch.lives.lines.push(copyLine([
      ...[bootId, pid, born, nth, span],
      ...[parent?.pid ?? null, parent?.born ?? null, parent?.nth ?? null],
      ...[ppid, reaper, status, imageId(life.image), exec, flags],
      ...life.costs,
    ]));
    for (const { until, since, image } of formers.get(life.key) ?? []) {
      const id = image === 0 ? null : imageId(image);
      batch.formers.lines.push(copyLine([bootId, pid, born, nth, until, since, id]));
    }
  }
  return batch;
}

/** What is copied of it; in whichever order. */
export function copiesOf({ lives, images, formers }: Batch): readonly CopyLines[] {
  return [lives, images, formers];
}

function linesFor(table: string, columns: readonly string[]): CopyLines {
  return { sql: `COPY ${table} (${columns.join(", ")}) FROM STDIN`, lines: [] };
}

/** Its id is that of what is in it: the same is stored once for a host, whoever sends it. */
function addImage({ lines }: CopyLines, { parts, uid }: OutgoingImage, argv: boolean): string {
  const shown = argv ? parts : { ...parts, argv: null, argvMore: 0 };
  const hash = createHash("sha256").update(encodeImage(shown)).update(`\0${uid}`).digest("hex");
  const id = hash.slice(0, 2 * ID_BYTES);
  const texts = IMAGE_PARTS.map((name) => shown[name]);
  lines.push(copyLine([id, ...texts, uid, shown.argvMore ?? 0]));
  return id;
}
