/**
 * Folders that become packages: what stands in them, with fixed modes and times.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Runs a tool of the system; its output comes back as bytes. Throws where it fails. */
export function runTool(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "pipe"],
    ...options,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} failed: ${error?.message ?? String(stderr).trim()}`);
}

/** Text or bytes as gzip(1) makes them smallest, without a name and a time. */
export function gzip(input) {
  return runTool("gzip", ["-9n"], { input });
}

/** Writes `{ path, text | source, mode }` below `folder`. */
export function writeFiles(folder, files) {
  for (const { path, text, source, mode = 0o644 } of files) {
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true });
    if (source === undefined) writeFileSync(to, text);
    else copyFileSync(source, to);
    chmodSync(to, mode);
  }
}

/** Gives all below a folder one time, and folders one mode, whatever the umask was. */
export function settle(folder, epoch) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path, epoch);
    else lutimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
}

/** Packs the folder `name` of `scratch` as `name.tar.gz` in `out`; its path comes back. */
export function writeArchive({ scratch, name, epoch, out }) {
  settle(scratch, epoch);
  const tar = runTool("tar", [
    "--create",
    "--format=ustar",
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    `--mtime=@${epoch}`,
    "-C",
    scratch,
    name,
  ]);
  const path = join(out, `${name}.tar.gz`);
  writeFileSync(path, gzip(tar));
  return path;
}

/** The files of a folder of the project, deep ones too, as paths in it, in order. */
export function filesOf(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    return filesOf(root, join(folder, entry.name)).map((name) => `${entry.name}/${name}`);
  }).sort();
}

/** A file of the project as text. */
export function readText(root, path) {
  return readFileSync(join(root, path), "utf8");
}

/** Units of systemd in contrib/. */
export function unitsOf(root) {
  return filesOf(root, "contrib/systemd").filter((name) =>
    /\.(?:service|socket|timer)$/.test(name)
  );
}

/** Shell, the file of its completion below share/, and that of Debian's zsh. */
export const COMPLETIONS = {
  bash: "bash-completion/completions/fh",
  zsh: "zsh/vendor-completions/_fh",
  fish: "fish/vendor_completions.d/fh.fish",
};
