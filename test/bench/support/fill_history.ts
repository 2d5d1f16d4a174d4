/**
 * Histories of any size, as a busy server would have written them: most processes are short and
 * run one of some hundred programs, one in twenty lives longer, some have failed, some run.
 */
import { openForRecording } from "../../../src/history/file.ts";
import { addUpHours } from "../../support/hour_sums.ts";
import { NO_EXEC } from "../../../src/history/schema.ts";
import { ImageStore } from "../../../src/history/texts.ts";
import { Image } from "../../../src/model/image.ts";

const PROGRAMS = 500;
const SERVICES = 100;
const ROWS_AT_ONCE = 100_000;
/** 2026-11-01T00:00:00Z, when the invented host was booted. */
const BOOTED = 1_793_491_200n * 1_000_000_000n;
const encode = (text: string) => new TextEncoder().encode(text);

function createImage(argv: readonly string[], service: number): Image {
  return new Image({
    argv: encode(argv.map((word) => `${word}\0`).join("")),
    exe: encode(argv[0]!),
    cwd: encode("/"),
    cgroup: encode(`0::/system.slice/service-${service}.service\n`),
    comm: encode(argv[0]!.split("/").at(-1)!.slice(0, 15)),
    env: null,
  });
}

/** The image of a process with a command line of its own. */
function createOwn(index: number, hash: number): Image {
  const argv = [`/usr/bin/tool-${hash % PROGRAMS}`, "--job", `${index}`, "--out", `/var/${hash}`];
  return createImage(argv, hash % SERVICES);
}

/** What a filled history is asked for. */
export interface FilledHistory {
  /** pid of a process that ended in the middle of it, and no other had. */
  readonly pid: number;
  /** Name of a program that ran a few times, long ago. */
  readonly rare: string;
  /** Milliseconds since the epoch: the middle. */
  readonly middle: number;
}

/**
 * Writes a history of `lives` processes. With `own`, one in four has a command line that no other
 * has, as compilers and jobs with numbers or dates in their arguments do; without it there are
 * some hundred images in all, and a filter on images finds its few at once.
 */
export function fillHistory(path: string, lives: number, own = false): FilledHistory {
  const { db, ledger, close } = openForRecording(path);
  const images = new ImageStore(db, true);
  const step = Math.floor((20 * 86_400e9) / lives);
  db.exec("BEGIN");
  db.prepare("INSERT INTO boot VALUES (1, ?)").run("7c0a51fe-0000-4000-8000-000000000000");
  db.prepare("INSERT INTO clock VALUES (1, 0, ?)").run(BOOTED);
  db.prepare(
    `INSERT INTO run (boot, pid, since, kept, seen, ended, source, why, version)
      VALUES (1, 100, 1000000000, 1000000000, ?, ?, 'connector', 'invented', '0')`,
  ).run(lives * step + 2e9, lives * step + 2e9);
  const ids = Array.from(
    { length: PROGRAMS },
    (_, i) =>
      images.id(createImage([`/usr/bin/tool-${i}`, "--job", String(i)], i % SERVICES), i % 7),
  );
  const rare = images.id(createImage(["/usr/sbin/needle", "--once"], 1), 33);
  const shell = images.id(createImage(["/bin/sh", "-c", "work"], 2), 0);
  const insert = db.prepare(
    `INSERT INTO life VALUES (?, 1, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?,
      600, 400, 90, 1500, 0, 0, 1, 0)`,
  );
  const latest = db.prepare("UPDATE image SET latest = ? WHERE id = ?");
  insert.run(1, 1, 0, null, null, 0, null, shell, NO_EXEC, 2);
  for (let i = 0; i < SERVICES; i++) {
    insert.run(2 + i, 300 + i, 1e9 + i, null, 1, null, null, ids[i]!, 1000, 0);
  }
  let pid = 1000;
  const middle = Math.floor(lives / 2);
  for (let i = SERVICES + 2; i <= lives; i++) {
    const born = 2e9 + i * step;
    const hash = (i * 2_654_435_761) % 4_294_967_296;
    const long = hash % 20 === 0;
    const span = i > lives - 300 && long ? null : long ? 2e9 + hash * 20 : 1e6 + hash % 50_000_000;
    const forked = hash % 4 === 1;
    const isRare = i < lives / 10 && i % Math.floor(lives / 100) === 0;
    const common = forked ? shell : ids[hash % PROGRAMS]!;
    const unique = own && !isRare && hash % 4 === 2;
    const image = isRare ? rare : unique ? images.id(createOwn(i, hash), hash % 7) : common;
    pid = pid >= 400_000 ? 1000 : pid + 1;
    const one = i === middle ? 4_000_000 : pid;
    const parent = hash % 3 === 0 ? i - 1 : 2 + hash % SERVICES;
    const status = hash % 50 === 7 ? 256 : 0;
    insert.run(i, one, born, span, parent, null, status, image, forked ? null : 300_000, 0);
    if (i % ROWS_AT_ONCE === 0) db.exec("COMMIT; BEGIN");
  }
  latest.run(Math.floor(lives / 10), rare);
  for (const id of ids) latest.run(lives, id);
  db.exec("COMMIT");
  // What a recorder would have done on the way.
  addUpHours({ db, ledger });
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  close();
  const bootedMs = Number(BOOTED / 1_000_000n);
  return { pid: 4_000_000, rare: "needle", middle: bootedMs + (2e9 + middle * step) / 1e6 };
}
