/**
 * Pid namespaces whose /proc has files that are not the kernel's own, as LXC lays them over it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { runProgram } from "./executable.ts";

const UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** The files of a container that was just started, as they stand: nothing moves in them. */
const STILL = `
mount -t tmpfs none /mnt && cd /mnt
echo 0.00 0.00 0.00 1/80 24990 > loadavg
echo 0.29 0.29 > uptime
grep -v '^processes' /proc/stat > stat && echo processes 4711 >> stat
for name in loadavg uptime stat; do mount --bind $name /proc/$name; done
`;

/** lxcfs runs in a pid namespace above, and counts that one's pids. */
const LXCFS = `
folder=$(mktemp -d)
lxcfs -f --pidfile=$folder.pid $folder > /dev/null 2>&1 &
until [ -e $folder/proc/loadavg ]; do sleep 0.02; done
FOLDER=$folder ${UNSHARE.join(" ")} sh -c '
  for name in loadavg uptime stat; do mount --bind $FOLDER/proc/$name /proc/$name; done
  exec "$@"
' sh "$@"
status=$?
umount --lazy $folder
rmdir $folder
rm -f $folder.pid
exit $status
`;

/** Becomes a command whose /proc/loadavg, uptime and stat stand still. */
export const STILL_FILES: readonly string[] = [...UNSHARE, "sh", "-c", `${STILL}exec "$@"`, "sh"];

/** The same where nothing else counts pids either. */
export const NO_COUNTER: readonly string[] = [
  ...UNSHARE,
  ...["sh", "-c", `${STILL}mount --bind /dev/null /proc/sys/kernel/ns_last_pid; exec "$@"`, "sh"],
];

/** Becomes a command over whose /proc lxcfs lies. */
export const WITH_LXCFS: readonly string[] = [...UNSHARE, "sh", "-c", LXCFS, "sh"];

/** Why there is no lxcfs here; null when there is. */
export const lxcfsMissing: string | null = tryLxcfs();

function tryLxcfs(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync("/dev/fuse")) return "needs /dev/fuse";
  return runProgram("lxcfs", ["--version"]).status === 0 ? null : "needs lxcfs(1)";
}
