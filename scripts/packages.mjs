/**
 * Debian packages that tests need, installed where that is possible without asking: as root.
 *
 * @module
 */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import process from "node:process";
import { run, say } from "./project.mjs";

/** Package, and a command or file of it whose absence says that it is missing. */
const PACKAGES = {
  "acct": "/usr/sbin/dump-acct",
  "fish": "fish",
  "gcc": "gcc",
  "libc6-dev": "/usr/include/stdio.h",
  "jq": "jq",
  "lxcfs": "lxcfs",
  "procps": "pgrep",
  "psmisc": "pstree",
  "tmux": "tmux",
  "util-linux": "unshare",
  "zsh": "zsh",
};

/** What a package starts when it is installed, and tests do not need: ends it. */
const UNDO = { "acct": ["accton", ["off"]] };

/** Installs what is missing; tests skip themselves, and say so, where that fails. */
export function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid() === 0 && isCommand("apt-get")) {
    say(`fh: installing ${missing.join(" ")} for the tests`);
    const quiet = {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", 2],
    };
    run("apt-get", ["update", "-qq"], quiet);
    run("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...missing], quiet);
    for (const name of missing.filter((name) => name in UNDO)) run(...UNDO[name], quiet);
  }
  const left = missingPackages();
  if (left.length > 0) say(`fh: without ${left.join(" ")} some tests are skipped`);
}

function missingPackages() {
  return Object.keys(PACKAGES).filter((name) => {
    const sign = PACKAGES[name];
    return !(isAbsolute(sign) ? existsSync(sign) : isCommand(sign));
  });
}

function isCommand(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
