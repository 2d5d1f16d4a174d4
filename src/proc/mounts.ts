/**
 * /proc/PID/mountinfo, proc_pid_mountinfo(5), for the options of procfs itself:
 * Documentation/filesystems/proc.rst, chapter 4.
 *
 * ```text
 * 22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw,gid=4,hidepid=invisible
 *            root point  options  tags...  type source super options
 * ```
 *
 * @module
 */

/** How much of other users' processes is hidden. */
export type Hidepid = "off" | "noaccess" | "invisible" | "ptraceable";

/** Options of a procfs mount. */
export interface ProcOptions {
  /** null for a value that is newer than this program. */
  hidepid: Hidepid | null;
  /** The group that hidepid does not concern; null when none was named. */
  gid: number | null;
  /** `pid` when everything but processes is hidden. */
  subset: "pid" | null;
}

/** The numbers were shown before Linux 5.8, the words since. */
const HIDEPID = new Map<string, Hidepid>([
  ["0", "off"],
  ["1", "noaccess"],
  ["2", "invisible"],
  ["4", "ptraceable"],
  ["off", "off"],
  ["noaccess", "noaccess"],
  ["invisible", "invisible"],
  ["ptraceable", "ptraceable"],
]);

/** Undoes mangle(): `\040` is a space. */
function unescapeOctal(text: string): string {
  return text.replace(
    /\\([0-3][0-7]{2})/g,
    (_, digits) => String.fromCharCode(parseInt(digits, 8)),
  );
}

function parseOptions(text: string): ProcOptions {
  const options: ProcOptions = { hidepid: "off", gid: null, subset: null };
  for (const option of text.split(",")) {
    const at = option.indexOf("=");
    const [name, value] = at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
    if (name === "hidepid") options.hidepid = HIDEPID.get(value) ?? null;
    else if (name === "gid" && /^\d{1,10}$/.test(value)) options.gid = Number(value);
    else if (name === "subset" && value === "pid") options.subset = "pid";
  }
  return options;
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly superOptions: string;
}

/** What is mounted, what lies over another later. */
function* mountsIn(mountinfo: string): Iterable<Mount> {
  for (const line of mountinfo.split("\n")) {
    const separator = line.indexOf(" - ");
    if (separator < 0) continue;
    const point = line.slice(0, separator).split(" ")[4];
    const [type, , superOptions] = line.slice(separator + 3).split(" ");
    if (type === undefined || superOptions === undefined || point === undefined) continue;
    yield { point: unescapeOctal(point), type, superOptions };
  }
}

/** The options of the procfs on `mountPoint`, the topmost one; null when there is none. */
export function procOptions(mountinfo: string, mountPoint = "/proc"): ProcOptions | null {
  let found: ProcOptions | null = null;
  for (const { point, type, superOptions } of mountsIn(mountinfo)) {
    if (type === "proc" && point === mountPoint) found = parseOptions(superOptions);
  }
  return found;
}

/** A file of /proc over which another file system has laid one of its own, such as lxcfs. */
export interface VirtualFile {
  /** Below /proc: `loadavg`. */
  readonly name: string;
  /** Type of the file system: `fuse.lxcfs`. */
  readonly type: string;
}

/** Those of the files `names` of the procfs on `mountPoint` that are not the kernel's own. */
export function virtualFiles(
  mountinfo: string,
  names: readonly string[],
  mountPoint = "/proc",
): VirtualFile[] {
  const types = new Map<string, string>();
  for (const { point, type } of mountsIn(mountinfo)) {
    // A new procfs hides what lies over the files of the one below it.
    if (point === mountPoint) types.clear();
    else if (point.startsWith(`${mountPoint}/`)) {
      types.set(point.slice(mountPoint.length + 1), type);
    }
  }
  return names.flatMap((name) => {
    const type = types.get(name);
    return type === undefined || type === "proc" ? [] : [{ name, type }];
  });
}
