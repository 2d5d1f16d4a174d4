/**
 * Debian packages that tests need, installed where that is possible without asking: as root.
 *
 * @module
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import process from "node:process";
import { ROOT, run, say } from "./project.mjs";

/** Package, and a command or file of it whose absence says that it is missing. */
const PACKAGES = {
  "acct": "/usr/sbin/dump-acct",
  "chromium": "chromium",
  "dpkg": "dpkg-deb",
  "fish": "fish",
  "gcc": "gcc",
  "graphviz": "dot",
  "libc6-dev": "/usr/include/stdio.h",
  "jq": "jq",
  "lintian": "lintian",
  "lxcfs": "lxcfs",
  "postgresql-15": "/usr/lib/postgresql/15/bin/initdb",
  "procps": "pgrep",
  "psmisc": "pstree",
  "tmux": "tmux",
  "util-linux": "unshare",
  "zsh": "zsh",
};

/**
 * Packages of services, which would be started where they are installed: they are unpacked in this
 * folder. Package, and a file of it whose absence says that it is missing.
 */
const UNPACKED = {
  "nats-server": "usr/sbin/nats-server",
  "prometheus": "usr/bin/promtool",
};
const UNPACKED_IN = join(ROOT, "node_modules", ".debian");

/** What a package starts when it is installed, and tests do not need: ends it. */
const UNDO = {
  "acct": ["accton", ["off"]],
  "postgresql-15": ["pg_dropcluster", ["--stop", "15", "main"]],
};

/** Installs what is missing; tests skip themselves, and say so, where that fails. */
export function installPackages() {
  const missing = missingPackages();
  const packed = packedPackages();
  if (missing.length + packed.length === 0) return;
  if (process.getuid() === 0 && isCommand("apt-get")) {
    say(`fh: installing ${[...missing, ...packed].join(" ")} for the tests`);
    const quiet = {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", 2],
    };
    run("apt-get", ["update", "-qq"], quiet);
    if (missing.length > 0) {
      run("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...missing], quiet);
    }
    for (const name of missing.filter((name) => name in UNDO)) run(...UNDO[name], quiet);
    for (const name of packed) unpack(name, quiet);
  }
  const left = [...missingPackages(), ...packedPackages()];
  if (left.length > 0) say(`fh: without ${left.join(" ")} some tests are skipped`);
}

function missingPackages() {
  return Object.keys(PACKAGES).filter((name) => {
    const sign = PACKAGES[name];
    return !(isAbsolute(sign) ? existsSync(sign) : isCommand(sign));
  });
}

function packedPackages() {
  return Object.keys(UNPACKED).filter((name) => !existsSync(join(UNPACKED_IN, UNPACKED[name])));
}

function unpack(name, quiet) {
  const cwd = join(UNPACKED_IN, "packages");
  mkdirSync(cwd, { recursive: true });
  run("apt-get", ["download", "-qq", name], { ...quiet, cwd });
  for (const file of readdirSync(cwd)) run("dpkg", ["-x", join(cwd, file), UNPACKED_IN], quiet);
  rmSync(cwd, { recursive: true });
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
