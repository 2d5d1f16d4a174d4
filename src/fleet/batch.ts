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
}

/** Makes lines of lives; `argv` tells whether command lines are shipped. */
export function batchOf(
  source: Outgoing,
  lives: readonly OutgoingLife[],
  argv: boolean,
): Batch {
  const batch: Batch = {
    lives: linesFor("fh.incoming", LIFE_COLUMNS),
    images: linesFor("fh.incoming_image", IMAGE_COLUMNS),
    formers: linesFor("fh.incoming_former", FORMER_COLUMNS),
  };
  const ids = new Map<number, string>();
  const imageId = (key: number): string => {
    let id = ids.get(key);
    if (id === undefined) {
      id = addImage(batch.images, source.image(key), argv);
      ids.set(key, id);
    }
    return id;
  };
  const byKey = new Map(lives.map((life) => [life.key, life]));
  for (const life of lives) {
    const { bootId, pid, born, nth, span, parent, ppid, reaper, status, exec, flags } = life;
    batch.lives.lines.push(copyLine([
      ...[bootId, pid, born, nth, span],
      ...[parent?.pid ?? null, parent?.born ?? null, parent?.nth ?? null],
      ...[ppid, reaper, status, imageId(life.image), exec, flags],
      ...life.costs,
    ]));
  }
  for (const { life, until, since, image } of source.formers([...byKey.keys()])) {
    const { bootId, pid, born, nth } = byKey.get(life)!;
    const id = image === 0 ? null : imageId(image);
    batch.formers.lines.push(copyLine([bootId, pid, born, nth, until, since, id]));
  }
  return batch;
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
