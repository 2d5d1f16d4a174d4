/**
 * Who starts a process again and again: the manager of its unit or container, or its parent.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import { decodeText } from "../model/image.ts";
import { nameOf } from "../model/program_names.ts";
import { parseCgroup } from "../proc/cgroup.ts";

const SHELLS: ReadonlySet<string> = new Set(
  ["sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "ash", "csh", "tcsh", "busybox"],
);

/** The pod of a container: kubelet starts the same in a new container of the same pod. */
const POD = /^(.*\/(?:kubepods[^/]*\/)?[^/]*pod[0-9a-f_-]{36}[^/]*)\//;

/** Names of what manages processes, by the text of their control groups. */
export class Restarters {
  readonly #places = new WeakMap<Uint8Array, string>();

  /**
   * The name of the unit, pod or container that a process is the first of: who has started it is
   * in another control group. Null where its parent is no manager.
   */
  managed(process: Process): string | null {
    const { parent, image: { parts: { cgroup } } } = process;
    if (cgroup === null || parent === null) return null;
    const above = parent.image.parts.cgroup;
    if (above === cgroup || (above !== null && this.#place(above) === this.#place(cgroup))) {
      return null;
    }
    const place = this.#place(cgroup);
    return place === "" ? null : place;
  }

  #place(cgroup: Uint8Array): string {
    let place = this.#places.get(cgroup);
    if (place === undefined) {
      const { path, unit, container } = parseCgroup(decodeText(cgroup));
      place = container === null ? unit ?? "" : POD.exec(path ?? "")?.[1] ?? container;
      this.#places.set(cgroup, place);
    }
    return place;
  }
}

/** Whether it is a shell, or a script of one. */
export function isShell({ image }: Process): boolean {
  const { comm } = image;
  if (comm !== null && SHELLS.has(comm)) return true;
  const [first = ""] = image.argv ?? [];
  return SHELLS.has(first.slice(first.lastIndexOf("/") + 1).replace(/^-/, ""));
}

/** Longer command lines are told apart by their beginnings, their lengths and a hash. */
const KEY_BYTES = 200;

/** What tells one command from another: its whole command line, or its name. */
export function commandKey({ image }: Process): string {
  const { argv } = image.parts;
  if (argv === null) return nameOf(image) ?? "";
  if (argv.length <= KEY_BYTES) return decodeText(argv);
  let hash = 0x811c9dc5;
  for (const byte of argv) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${decodeText(argv.subarray(0, KEY_BYTES))} ${argv.length} ${hash >>> 0}`;
}
