/**
 * File systems that a test mounts: small ones, and read-only ones.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const CHUNKS = [1 << 20, 1 << 12, 1];

/** A mounted folder; disposing of it unmounts and removes it. */
export class Mounted {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A file system in memory of `size` bytes. */
  static tmpfs(size: number): Mounted {
    return Mounted.#mount((
      folder,
    ) => [["-t", "tmpfs", "-o", `size=${size},mode=700`, "fh", folder]]);
  }

  /** What another folder has, and nothing can be written. */
  static readOnly(source: string): Mounted {
    return Mounted.#mount((folder) => [
      ["--bind", source, folder],
      ["-o", "remount,bind,ro", folder],
    ]);
  }

  /** A hierarchy of control groups of the old kind, without controllers, of nobody else. */
  static cgroups(name: string): Mounted {
    return Mounted.#mount((folder) => [["-t", "cgroup", "-o", `none,name=${name}`, name, folder]]);
  }

  static #mount(calls: (folder: string) => string[][]): Mounted {
    const folder = mkdtempSync(join(tmpdir(), "fh-mount-"));
    const mounted = new Mounted(folder);
    for (const args of calls(folder)) {
      const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
      if (status === 0) continue;
      mounted[Symbol.dispose]();
      throw new Error(`Cannot mount: ${stderr.trim()}`);
    }
    return mounted;
  }

  [Symbol.dispose](): void {
    // Lazily: a test that failed may have left a program in it.
    spawnSync("umount", ["--lazy", this.folder], { stdio: "ignore" });
    rmdirSync(this.folder);
  }
}

/** Why nothing can be mounted here; null when it can. */
export const mountsMissing: string | null = tryMount();

function tryMount(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  try {
    Mounted.tmpfs(1 << 20)[Symbol.dispose]();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Fills up the file system of a folder; the returned function makes room again. */
export function fillUp(folder: string): () => void {
  const path = join(folder, "filler");
  const file = openSync(path, "w");
  for (const size of CHUNKS) {
    const chunk = new Uint8Array(size);
    try {
      while (writeSync(file, chunk) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  closeSync(file);
  return () => rmSync(path);
}
