/**
 * The programs that are compared.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import {
  forkstatParser,
  type LineParser,
  parseExecsnoop,
  parseExitsnoop,
  parseExtrace,
  parseFh,
} from "./seen.ts";

/** One watcher. */
export interface Tool {
  readonly name: string;
  readonly command: readonly string[];
  /** How to know that it listens. */
  readonly ready: "source line" | "connector socket" | "bpf links";
  /** What it reports at all. */
  readonly tells: readonly ("fork" | "exec" | "exit")[];
  readonly parser: () => LineParser;
}

/** A peer and where it comes from. */
export interface Peer extends Tool {
  /** Debian package. */
  readonly from: string;
}

/** Those known to the benchmark. */
export const PEERS: readonly Peer[] = [
  {
    name: "forkstat",
    from: "forkstat",
    command: ["forkstat", "-l", "-e", "fork,exec,exit"],
    ready: "connector socket",
    tells: ["fork", "exec", "exit"],
    parser: forkstatParser,
  },
  {
    name: "extrace",
    from: "extrace",
    command: ["extrace"],
    ready: "connector socket",
    tells: ["exec"],
    parser: () => parseExtrace,
  },
  {
    name: "execsnoop",
    from: "libbpf-tools",
    command: ["execsnoop"],
    ready: "bpf links",
    tells: ["exec"],
    parser: () => parseExecsnoop,
  },
  {
    name: "exitsnoop",
    from: "libbpf-tools",
    command: ["exitsnoop"],
    ready: "bpf links",
    tells: ["exit"],
    parser: () => parseExitsnoop,
  },
];

/** uid and gid of nobody. */
export const NOBODY = 65534;

/** Who fh runs as. */
export type Rights = "all" | "without CAP_SYS_NICE" | "nobody";

const RIGHTS: Readonly<Record<Rights, readonly string[]>> = {
  "all": [],
  "without CAP_SYS_NICE": ["setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"],
  "nobody": ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
};

/** `fh watch --json` and further options; only root can take rights away. */
export function fhWatch(fh: string, options: readonly string[], rights: Rights = "all"): Tool {
  return {
    name: rights === "all" ? "fh" : `fh ${rights}`,
    command: [
      ...(process.getuid?.() === 0 ? RIGHTS[rights] : []),
      fh,
      "watch",
      // Its source line says that it listens.
      "-v",
      "--json",
      ...options,
    ],
    ready: "source line",
    tells: ["fork", "exec", "exit"],
    parser: () => parseFh,
  };
}

/** `fh record` into a file of its own. */
export function fhRecord(fh: string, db: string): Tool {
  return {
    name: "fh record",
    command: [fh, "record", "--source", "connector", "--db", db],
    ready: "source line",
    tells: ["fork", "exec", "exit"],
    parser: () => () => null,
  };
}

/** Whether a command of this name is installed. */
export function installed(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Version of a peer as its package or itself says. */
export function versionOf(peer: Peer): string {
  const dpkg = spawnSync("dpkg-query", ["-W", "-f", "${Version}", peer.from], { encoding: "utf8" });
  return dpkg.status === 0 ? dpkg.stdout.trim() : "version unknown";
}
