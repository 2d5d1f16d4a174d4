/**
 * Histories of processes whose cost is known.
 *
 * @module
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { APPLICATION_ID, MIGRATIONS } from "../../src/history/schema.ts";
import type { TaskFigures } from "../../src/model/account.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { account, exit, fork, scan } from "./events.ts";
import { PAST_BOOT, TestRecorder } from "./past.ts";

/** A process, how it ended, and what it has cost. */
export interface PaidProcess {
  readonly pid: number;
  /** Nanoseconds since boot, and for how long. */
  readonly born: number;
  readonly span: number;
  readonly comm: string | Uint8Array;
  readonly uid?: number;
  /** Path of its control group. */
  readonly cgroup?: string;
  /** Wait status. */
  readonly status?: number;
  /** Null: nobody knows. */
  readonly cost?: Partial<TaskFigures> | null;
}

const encode = (text: string) => new TextEncoder().encode(text);

/** Tells the whole life of a process, from its fork by pid 1 to its exit. */
export function pay(past: TestRecorder, process: PaidProcess): void {
  const { pid, born, span, comm, uid = 0, cgroup = "/a.service", status = 0 } = process;
  const ran = new SourceEvent().reset(EVENT.exec, born + 1000, pid, pid);
  ran.d = uid;
  ran.text = encodeImage({
    argv: encode(`/bin/some\0${pid}\0`),
    exe: encode("/bin/some"),
    cwd: encode("/"),
    cgroup: encode(`0::${cgroup}\n`),
    comm: typeof comm === "string" ? encode(comm) : comm,
    env: null,
  });
  past.tell(fork(born, pid, 1), ran);
  if (process.cost !== null) past.tell(account(born + span, pid, process.cost ?? {}));
  past.tell(exit(born + span, pid, status));
}

/** A recorder that knows pid 1, and processes in the order of their births. */
export function paid(processes: readonly PaidProcess[]): TestRecorder {
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const past = new TestRecorder().tell(...scan(1e9, 1e9, [init]));
  for (const process of processes) pay(past, process);
  return past.flush();
}

/** Writes what a history has into one of version 1, beside it; its path comes back. */
export function asVersion1({ folder, path }: TestRecorder): string {
  const old = join(folder, "version1.db");
  const db = new DatabaseSync(old);
  db.exec(MIGRATIONS[0]!);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  db.prepare("ATTACH ? AS new").run(path);
  for (const table of ["boot", "clock", "gap", "text", "former"]) {
    db.exec(`INSERT INTO main.${table} SELECT * FROM new.${table}`);
  }
  db.exec(
    `INSERT INTO main.run SELECT id, boot, pid, since, kept, seen, ended, source, why, version,
      events, lost FROM new.run`,
  );
  db.exec(
    `INSERT INTO main.image SELECT id, argv, exe, cwd, cgroup, comm, env, uid, latest
      FROM new.image`,
  );
  db.exec(
    `INSERT INTO main.life SELECT id, boot, pid, born, span, parent, ppid, reaper, status, image,
      exec, flags FROM new.life`,
  );
  db.close();
  return old;
}

/** A job as its row; the rest of it is told by totals. */
export interface PaidJob {
  readonly id: number;
  readonly name: string;
  readonly owner: number;
  readonly since: number;
  readonly until: number | null;
  readonly started: number;
}

/** Adds a job with sums: comm, uid, how many ended, failed, are accounted, and their user us. */
export function addJob(
  { db }: TestRecorder,
  { id, name, owner, since, until, started }: PaidJob,
  totals: readonly (readonly [string, number, number, number, number, number])[],
): void {
  const boot = Number(db.prepare("SELECT id FROM boot WHERE boot_id = ?").get(PAST_BOOT)!["id"]);
  db.prepare("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, 3, NULL, NULL)")
    .run(id, name, owner, boot, since, until, started);
  const add = db.prepare(
    "INSERT INTO job_total VALUES (?, ?, ?, ?, ?, 2500, ?, ?, 500, 7, 1, 64, 4096, 8192, 5, 2)",
  );
  for (const [comm, uid, processes, failed, accounted, userUs] of totals) {
    add.run(id, comm, uid, processes, failed, accounted, userUs);
  }
}
