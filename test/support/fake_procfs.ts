/**
 * A folder that looks like /proc, with processes of any kind in it.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A process in the folder; text is written byte by byte: U+0000 to U+00FF. */
export interface FakeProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  /** As in cmdline: NUL after each argument; nothing for a kernel thread. */
  readonly cmdline?: string;
  readonly uid?: number;
  /** Clock ticks since boot. */
  readonly start?: number;
  readonly state?: string;
  /** CPU time in user mode and in the kernel, clock ticks. */
  readonly utime?: number;
  readonly stime?: number;
  readonly threads?: number;
  readonly flags?: number;
  readonly exitCode?: number;
  /** Not the pid for the entry of a thread. */
  readonly tgid?: number;
  /** Of its own, if not given. */
  readonly session?: number;
}

/** Such a folder. */
export interface FakeProcfs {
  readonly root: string;
  /** Writes a file by its path below the folder; one that is open shows the new text. */
  write(path: string, text: string): void;
  /** A process is there, or is as told from now on. */
  add(process: FakeProcess): void;
  /** Takes the folder away. */
  remove(): void;
}

/** Makes such a folder, with `files` by path below it. */
export function fakeProcfs(
  processes: readonly FakeProcess[],
  files: Readonly<Record<string, string>> = {},
): FakeProcfs {
  const root = mkdtempSync(join(tmpdir(), "fh-procfs-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, "latin1");
  };
  const add = (process: FakeProcess) => {
    write(`${process.pid}/stat`, statLine(process));
    write(`${process.pid}/status`, statusText(process));
    write(`${process.pid}/cmdline`, process.cmdline ?? "");
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  for (const process of processes) add(process);
  return { root, write, add, remove: () => rmSync(root, { recursive: true }) };
}

function statLine(process: FakeProcess): string {
  const { pid, ppid, comm, state = "S", flags = 0, threads = 1, start = 0 } = process;
  const { session = pid, utime = 0, stime = 0 } = process;
  const ids = `${pid} (${comm}) ${state} ${ppid} ${pid} ${session} 0 -1 ${flags}`;
  const before = `${ids} 0 0 0 0 ${utime} ${stime} 0 0`;
  const between = Array(27).fill("0").join(" ");
  return `${before} 20 0 ${threads} 0 ${start} 4096 1 ${between} ${process.exitCode ?? 0}\n`;
}

function statusText({ pid, tgid = pid, ppid, uid = 0 }: FakeProcess): string {
  return `Name:\tx\nTgid:\t${tgid}\nPid:\t${pid}\nPPid:\t${ppid}\nUid:\t${uid}\t0\t0\t0\n`;
}
