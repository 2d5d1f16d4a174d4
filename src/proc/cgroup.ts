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

/** The place of a process among the control groups. */
export interface CgroupPlace {
  /** Path in the hierarchy that systemd or the container engine keeps; null when there is none. */
  path: string | null;
  /** Name of the innermost systemd unit, escapes such as `\x2d` as they are; null outside any. */
  unit: string | null;
  /** Id or name of the innermost container; null outside any. */
  container: string | null;
}

/** The kernel's mark of a group that was removed while the process was in it. */
const DELETED = " (deleted)";

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

/** Undoes systemd's escaping of unit names: `\x2d` is `-`. Bytes beyond ASCII stay escaped. */
function unescapeUnit(name: string): string {
  return name.replace(
    /\\x([0-7][0-9a-f])/g,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
}

function containerOf(elements: readonly string[]): string | null {
  for (let i = elements.length - 1; i >= 0; i--) {
    const element = elements[i]!;
    const engine = ENGINE.exec(element);
    if (engine !== null && !engine[1]?.endsWith("conmon")) return engine[2]!;
    const name = NAMED.exec(element)?.[1] ?? MACHINE.exec(element)?.[1];
    if (name !== undefined) return unescapeUnit(name);
    if (i > 0 && elements[i - 1] === "lxc") return element;
  }
  return null;
}

/** cg_unescape() of systemd: names that collide with the kernel's files carry a `_`. */
function unitOf(elements: readonly string[]): string | null {
  const element = elements.findLast((name) => UNIT.test(name));
  return element === undefined ? null : element.replace(/^_/, "");
}

function choosePath(text: string): string | null {
  let unified: string | null = null;
  let systemd: string | null = null;
  let first: string | null = null;
  for (const line of text.split("\n")) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/s.exec(line) ?? [];
    if (path === undefined) continue;
    first ??= path;
    if (id === "0" && controllers === "") unified ??= path;
    else if (controllers === "name=systemd") systemd ??= path;
  }
  if (unified === "/" && systemd !== null) return systemd;
  return unified ?? systemd ?? first;
}

/** Parses the whole file. */
export function parseCgroup(text: string): CgroupPlace {
  const shown = choosePath(text);
  if (shown === null) return { path: null, unit: null, container: null };
  const path = shown.endsWith(DELETED) ? shown.slice(0, -DELETED.length) : shown;
  const elements = path.split("/").filter((element) => element !== "");
  return { path, unit: unitOf(elements), container: containerOf(elements) };
}
