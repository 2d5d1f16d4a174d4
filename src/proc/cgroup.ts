/**
 * /proc/PID/cgroup, cgroups(7): which systemd unit and which container a process belongs to.
 *
 * ```text
 * 9:name=systemd:/system.slice/cron.service
 * 0::/system.slice/cron.service
 * ```
 *
 * @module
 */
import { withoutDeleted } from "../model/deleted.ts";

/** The place of a process among the control groups. */
export interface CgroupPlace {
  /**
   * Path in the hierarchy that names the innermost container, or the job of a scheduler, else in
   * the one that systemd keeps; null when there is none.
   */
  path: string | null;
  /** Name of the innermost systemd unit, escapes such as `\x2d` as they are; null outside any. */
  unit: string | null;
  /** Id or name of the innermost container; null outside any. */
  container: string | null;
}

/** What stands outermost on the way to a process; what is below it others than root may make. */
export interface OuterPlace {
  /**
   * The first unit on the path that is no slice, escapes as they are; below `user.slice` the slice
   * of the user. Null outside any.
   */
  readonly unit: string | null;
  /** Id or name of the outermost container; null outside any. */
  readonly container: string | null;
  /** Whose it is: the uid of a user's slice, else 0. */
  readonly owner: number;
}

/** Whether a unit is a person's session or a slice: nobody starts that again, or waits for it. */
export function isOfSession(unit: string): boolean {
  return /^session-.*\.scope$|\.slice$/.test(unit);
}

/** Unit types that hold processes: systemd.unit(5). */
const UNIT = /.\.(?:service|scope|slice|socket|mount|swap)$/;

/**
 * Docker, Podman, CRI-O, containerd and Kubernetes: 64 hexadecimal digits, alone or behind the
 * engine's name.
 */
const ENGINE = /^(?:(.*)[-:])?([0-9a-f]{64})(?:\.scope)?$/;

/** LXC from 4.0 on; systemd-nspawn as a service. */
const NAMED = /^(?:lxc\.payload\.|systemd-nspawn@)(.+?)(?:\.service)?$/;

/** systemd-machined's scopes; `qemu-` ones are libvirt's virtual machines, no containers. */
const MACHINE = /^machine-(?!qemu\\x2d)(.+)\.scope$/;

/** BuildKit below dockerd with systemd as its driver, whose form of a path is taken for a name. */
const BUILD = /^[^:]+\.slice:[^:]+:([0-9a-z]{25})$/;

/** What stands below a folder of that name is a container, if it is called so. */
const BELOW: ReadonlyMap<string, RegExp> = new Map([
  ["lxc", /^(?!lxc\.)/],
  ["lxc.payload", /^/],
  // Amazon ECS on Fargate: the task's id and a number.
  ["ecs", /^[0-9a-f]{32}-\d+$/],
  ["garden", /^(?!(?:good|bad)$)/],
  ["buildkit", /^[0-9a-z]{25}$/],
  ["mesos", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
]);

/** A job of a scheduler that does not put it in a container: Slurm, HTCondor, Nomad. */
const JOB = new RegExp(
  [
    "^/slurm[^/]*/uid_\\d+/job_\\d+",
    "/[^/]*slurmstepd\\.scope/job_\\d+",
    "/condor_[^/]*slot\\d",
    "^/nomad(?:\\.slice)?/(?:[^/]+/)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.",
  ].join("|"),
);

/** Undoes systemd's escaping of unit names: `\x2d` is `-`. Bytes beyond ASCII stay escaped. */
function unescapeUnit(name: string): string {
  return name.replace(
    /\\x([0-7][0-9a-f])/g,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
}

/** The containers on a path, outermost first. */
function containersOf(elements: readonly string[]): string[] {
  return elements.map((_, at) => containerAt(elements, at)).filter((name) => name !== null);
}

function containerAt(elements: readonly string[], at: number): string | null {
  const element = elements[at]!;
  const engine = ENGINE.exec(element);
  if (engine !== null) return engine[1]?.endsWith("conmon") ? null : engine[2]!;
  const name = NAMED.exec(element)?.[1] ?? MACHINE.exec(element)?.[1];
  if (name !== undefined) return unescapeUnit(name);
  return BUILD.exec(element)?.[1] ?? (isBelow(elements, at) ? element : null);
}

/** Whether it stands where an engine puts its containers; ECS and Garden sort them in folders. */
function isBelow(elements: readonly string[], at: number): boolean {
  const [above, parent] = [elements[at - 2], elements[at - 1]];
  const sorted = above === "ecs" || (above === "garden" && /^(?:good|bad)$/.test(parent!));
  return BELOW.get(sorted ? above : parent ?? "")?.test(elements[at]!) ?? false;
}

/** cg_unescape() of systemd: names that collide with the kernel's files carry a `_`. */
function unitOf(elements: readonly string[]): string | null {
  const element = elements.findLast((name) => UNIT.test(name));
  return element === undefined ? null : element.replace(/^_/, "");
}

/** A line of the file that counts: its path, and the containers on it. */
class Line {
  readonly path: string;
  readonly elements: readonly string[];
  readonly containers: readonly string[];

  constructor(shown: string) {
    this.path = withoutDeleted(shown);
    this.elements = this.path.split("/").filter((element) => element !== "");
    this.containers = containersOf(this.elements);
  }
}

/**
 * The lines, the one first that systemd keeps or, where nobody does, the first of all. An engine
 * can leave a process where it was in the other hierarchies.
 */
function readLines(text: string): Line[] {
  let unified: string | null = null;
  let systemd: string | null = null;
  const others = new Set<string>();
  for (const line of text.split("\n")) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/s.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === "0" && controllers === "") unified ??= path;
    else if (controllers === "name=systemd") systemd ??= path;
    else others.add(path);
  }
  const kept = unified === "/" && systemd !== null ? [systemd, unified] : [unified, systemd];
  const paths = new Set([...kept.filter((path) => path !== null), ...others]);
  return [...paths].map((path) => new Line(path));
}

/** Parses the whole file. */
export function parseCgroup(text: string): CgroupPlace {
  const lines = readLines(text);
  const [kept] = lines;
  if (kept === undefined) return { path: null, unit: null, container: null };
  // In a container in a container a line can name the outer one alone.
  const most = lines.reduce((count, { containers }) => Math.max(count, containers.length), 0);
  const named = lines.find(({ containers }) => containers.length === most)!;
  if (most > 0) {
    return {
      path: named.path,
      unit: unitOf(named.elements),
      container: named.containers.at(-1)!,
    };
  }
  const job = lines.find(({ path }) => JOB.test(path));
  return { path: (job ?? kept).path, unit: unitOf(kept.elements), container: null };
}

/** Parses the whole file for what is outermost: the names in it are root's, but for `owner`'s. */
export function parseOuterPlace(text: string): OuterPlace {
  const [kept, ...others] = readLines(text);
  if (kept === undefined) return { unit: null, container: null, owner: 0 };
  const named = [kept, ...others].find(({ containers }) => containers.length > 0) ?? kept;
  const [root, slice = ""] = named.elements;
  const uid = root === "user.slice" ? /^user-(\d{1,10})\.slice$/.exec(slice)?.[1] : undefined;
  return {
    unit: outerUnitOf(kept.elements),
    container: named.containers[0] ?? null,
    owner: uid === undefined ? 0 : Number(uid),
  };
}

function outerUnitOf(elements: readonly string[]): string | null {
  const [root, slice] = elements;
  if (root === "user.slice") return slice !== undefined && UNIT.test(slice) ? slice : root;
  const unit = elements.find((name) => UNIT.test(name) && !name.endsWith(".slice"));
  return unit === undefined ? null : unit.replace(/^_/, "");
}
