/**
 * Who starts a process again and again: the manager of its unit or container, or its parent.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { decodeText } from "../model/image.ts";
import { nameOf } from "../model/program_names.ts";
import { SHELLS } from "../model/shells.ts";
import { isOfSession, parseCgroup } from "../proc/cgroup.ts";

/** What starts jobs at the times of a table. */
const CRONS: ReadonlySet<string> = new Set(["cron", "crond", "CRON", "anacron", "fcron", "atd"]);

/** The pod of a container: kubelet starts the same in a new container of the same pod. */
const POD = /^(.*\/(?:kubepods[^/]*\/)?[^/]*pod[0-9a-f_-]{36}[^/]*)\//;
/** Units and containers of which the main process is remembered. */
export const PLACES_MAX = 4096;

/** A unit, or a container. */
export interface Place {
  readonly name: string;
  /** What stays the same when it is started again: the name, or the pod. */
  readonly restarted: string;
  readonly isContainer: boolean;
}

const NOWHERE: Place = { name: "", restarted: "", isContainer: false };

/** Knows the main processes of units and containers. */
export class Restarters {
  readonly #places = new WeakMap<Uint8Array, Place>();
  /** The process of each place that began first of those that live. */
  readonly #mains = new Map<string, Process>();

  /** Takes note of who begins something; told of all but forks and exits. */
  note({ kind, process }: Change): void {
    if ((kind !== "exec" && kind !== "snapshot") || process === null) return;
    const place = this.#managed(process);
    if (place === null) return;
    const main = this.#mains.get(place.name);
    // What joins a place that is at work is a check of it, or somebody who looks around.
    if (main?.alive && main.born <= process.born) return;
    this.#mains.delete(place.name);
    this.#mains.set(place.name, process);
    if (this.#mains.size <= PLACES_MAX) return;
    for (const name of this.#mains.keys()) {
      this.#mains.delete(name);
      return;
    }
  }

  /**
   * The unit or container that a process is the main one of: who has started it is in another
   * control group. Null where it is none.
   */
  managed(process: Process): Place | null {
    const place = this.#managed(process);
    return place === null || this.#mains.get(place.name) !== process ? null : place;
  }

  /** Whether it is in a unit or container, as the main process of it or not. */
  isPlaced(process: Process): boolean {
    const { cgroup } = process.image.parts;
    const name = cgroup === null ? "" : this.#place(cgroup).name;
    return name !== "" && !isOfSession(name);
  }

  #managed({ parent, image }: Process): Place | null {
    const { cgroup } = image.parts;
    if (cgroup === null || parent === null) return null;
    const above = parent.image.parts.cgroup;
    if (above === cgroup) return null;
    const place = this.#place(cgroup);
    if (place.name === "" || (above !== null && this.#place(above).name === place.name)) {
      return null;
    }
    return place;
  }

  #place(cgroup: Uint8Array): Place {
    let place = this.#places.get(cgroup);
    if (place === undefined) {
      const { path, unit, container } = parseCgroup(decodeText(cgroup));
      const name = container ?? unit ?? "";
      const pod = container === null ? undefined : POD.exec(path ?? "")?.[1];
      const isContainer = container !== null;
      place = name === "" ? NOWHERE : { name, restarted: pod ?? name, isContainer };
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

/** Whether it starts jobs at given times. */
export function isCron({ image }: Process): boolean {
  return CRONS.has(image.comm ?? "");
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
