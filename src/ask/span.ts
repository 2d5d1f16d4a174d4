/**
 * Processes of the model as spans, for reports.
 *
 * @module
 */
import { type Account, FIGURES } from "../model/account.ts";
import type { Image } from "../model/image.ts";
import type { Process } from "../model/process.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import type { Span, SpanCost, SpanImage } from "../report/span.ts";

/** What of a process its reader knows better than the process itself. */
export interface SpanFacts {
  /** Id of the process that forked it; null: not known. */
  readonly parent: string | null;
  /** Nanoseconds from the boot of the process to the origin of the frame. */
  readonly originNs: number;
  readonly account: Account | null;
  readonly jobs: readonly string[];
}

/** Makes spans; those of one image share what is told of it. */
export class SpanMaker {
  readonly #users: Users;
  readonly #host: string;
  readonly #images = new Map<Image, SpanImage>();
  /** Control groups by their bytes, which images share. */
  readonly #places = new Map<Uint8Array, Pick<SpanImage, "unit" | "container">>();
  readonly #names = new Map<number, string | null>();

  /** `host` is the name of the host that they ran on, where they do not say so. */
  constructor(users: Users, host: string) {
    this.#users = users;
    this.#host = host;
  }

  /** The span of a process as it is now. */
  of(process: Process, { parent, originNs, account, jobs }: SpanFacts): Span {
    const { uid, status } = process;
    const end = endOf(process);
    return {
      id: process.id,
      parent,
      pid: process.pid,
      ppid: process.ppid ?? pidIn(parent),
      host: process.boot.host ?? this.#host,
      start: Math.round((process.start ?? process.born) - originNs),
      isStartKnown: process.start !== null,
      end: end === null ? null : Math.round(end - originNs),
      status: process.alive ? null : status,
      uid,
      user: uid === null ? null : this.#nameOf(uid),
      jobs,
      image: this.#imageOf(process.image),
      cost: account === null ? null : costOf(account),
    };
  }

  #nameOf(uid: number): string | null {
    let name = this.#names.get(uid);
    if (name === undefined) {
      name = this.#users.name(uid);
      this.#names.set(uid, name);
    }
    return name;
  }

  #imageOf(image: Image): SpanImage {
    let made = this.#images.get(image);
    if (made === undefined) {
      const { comm: name, argv, argvMore, exe, cwd } = image;
      made = { name, argv, argvMore, exe, cwd, ...this.#placeOf(image) };
      this.#images.set(image, made);
    }
    return made;
  }

  #placeOf({ parts: { cgroup }, cgroupText }: Image): Pick<SpanImage, "unit" | "container"> {
    if (cgroup === null) return { unit: null, container: null };
    let place = this.#places.get(cgroup);
    if (place === undefined) {
      const { unit, container } = parseCgroup(cgroupText!);
      place = { unit, container };
      this.#places.set(cgroup, place);
    }
    return place;
  }
}

/** When it ended; of one whose end nobody saw, up to when it is known to have lived. */
function endOf(process: Process & { readonly seenFor?: number }): number | null {
  if (process.alive) return null;
  if (process.end !== null) return process.end;
  const { seenFor = Infinity } = process;
  return Number.isFinite(seenFor) ? process.born + seenFor : null;
}

/** The pid in an id: BOOT-PID-START. */
function pidIn(id: string | null): number | null {
  const [, pid] = id?.split("-") ?? [];
  return pid === undefined ? null : Number(pid);
}

/** What is not known is null: the largest size where nobody has seen one. */
function costOf(account: Account): SpanCost {
  const figures = FIGURES.map(({ name, json, isLargest }): [string, number | null] => {
    const value = Math.round(account[name]);
    return [json, isLargest && value === 0 ? null : value];
  });
  return Object.fromEntries(figures) as unknown as SpanCost;
}
