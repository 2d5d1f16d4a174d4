/**
 * Where a process came from: the nearest of its ancestors that starts things for a known reason.
 *
 * @module
 */
import type { Image } from "../model/image.ts";
import { wasLeft } from "../model/left_behind.ts";
import { isKthreadd, type Process } from "../model/process.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { CronEntry } from "./text/crontab.ts";

/** Kinds of origin. */
export type OriginKind =
  | "cron"
  | "at"
  | "ssh"
  | "timer"
  | "container"
  | "terminal"
  | "login"
  | "unit"
  | "kernel"
  | "boot"
  | "unknown";

/** Where a process came from; null where it does not apply or is not known. */
export interface Origin {
  readonly kind: OriginKind;
  /** In words: `cron, in the systemd unit cron.service`. */
  readonly text: string;
  /** Innermost systemd unit. */
  readonly unit: string | null;
  /** The timer that started the unit. */
  readonly timer: string | null;
  readonly container: string | null;
  /** Number of the login session, as logind counts them. */
  readonly session: string | null;
  /** Address that a remote login came from. */
  readonly address: string | null;
  /** The lines of crontabs that may have started it: one, unless several have the same command. */
  readonly entries: readonly CronEntry[];
}

/** Programs that start others for a reason of their own, by the name the kernel keeps. */
const STARTERS: Readonly<Record<string, OriginKind>> = {
  "cron": "cron",
  "crond": "cron",
  "CRON": "cron",
  "anacron": "cron",
  "fcron": "cron",
  "atd": "at",
  "sshd": "ssh",
  "sshd-session": "ssh",
  "dropbear": "ssh",
  "login": "login",
  "agetty": "login",
  "gdm-session-wor": "login",
  "sddm-helper": "login",
  "lightdm": "login",
};

const MULTIPLEXERS: ReadonlySet<string> = new Set(["tmux: server", "screen", "SCREEN", "zellij"]);
const SESSION = /^session-(.+)\.scope$/;
/**
 * The origin of the first process of a chain, whose ancestors follow; `findEntries` looks for lines
 * of crontabs.
 */
export function originOf(
  chain: readonly Process[],
  findEntries: (chain: readonly Process[]) => readonly CronEntry[] = () => [],
): Origin {
  const place = placeOf(chain);
  const above = chain.slice(ownPart(chain));
  const kind = starterIn(above);
  const session = SESSION.exec(place.unit ?? "")?.[1] ?? null;
  const address = kind === "ssh" ? addressIn(chain) : null;
  const timer = variable(chain, "TRIGGER_UNIT");
  const entries = kind === "cron" ? findEntries(chain) : [];
  const common = { ...place, session, address, timer, entries };
  const tell = (kind: OriginKind, text: string): Origin => ({ ...common, kind, text });
  const multiplexer = multiplexerIn(above);
  const inside = multiplexer === null ? "" : `, inside ${multiplexer}`;
  const unit = place.unit === null ? "" : `, in the systemd unit ${place.unit}`;
  const login = session === null ? "" : `, login session ${session}`;
  const box = place.container === null ? "" : `, in the container ${place.container.slice(0, 12)}`;
  if (kind === "cron") return tell(kind, `a cron job${entryWords(entries)}${box}${unit}`);
  if (kind === "at") return tell(kind, `an at job${box}${unit}`);
  if (kind === "ssh") {
    const from = address === null ? "" : ` from ${address}`;
    return tell(kind, `an ssh session${from}${inside}${login}`);
  }
  if (place.container !== null) return tell("container", `the container ${place.container}`);
  if (kind === "login") return tell(kind, `a login on this host${inside}${login}`);
  if (timer?.endsWith(".timer")) {
    return tell("timer", `the systemd timer ${timer}${unit}`);
  }
  if (session !== null) return tell("login", `login session ${session}${inside}`);
  if (multiplexer !== null) return tell("terminal", `a terminal${inside}`);
  const top = chain.at(-1);
  if (top !== undefined && isKthreadd(top)) return tell("kernel", kernelWords(chain));
  if (place.unit !== null && place.unit !== "init.scope") {
    return tell("unit", `the systemd unit ${place.unit}`);
  }
  if (chain.length === 1 && top?.pid === 1) return tell("boot", "the kernel, at boot");
  if (top?.pid === 1) return tell("boot", `${top.image.comm ?? "init"}, the first process`);
  return tell("unknown", "not known: nobody saw what started the last of these");
}

function entryWords(entries: readonly CronEntry[]): string {
  if (entries.length === 0) return "";
  const words = entries.map(({ file, line, schedule }) => `${file}:${line} (${schedule})`);
  return `, ${words.join(" or ")}`;
}

/** Those of a chain that cron has started, the first of them last. */
export function belowCron(chain: readonly Process[]): readonly Process[] {
  const at = chain.findIndex(({ image }) => STARTERS[image.comm ?? ""] === "cron");
  return at < 0 ? chain : chain.slice(0, at);
}

/**
 * How many of a chain are the process itself: with it those of its own program that it has left
 * behind to become a daemon (daemon(3)). What a daemon is called says what it starts, not what has
 * started it.
 */
function ownPart(chain: readonly Process[]): number {
  let own = 1;
  while (own < chain.length && isDaemonOf(chain[own - 1]!, chain[own]!)) own++;
  return own;
}

function isDaemonOf(process: Process, parent: Process): boolean {
  return wasLeft(process, parent) && parent.image.sameProgram(process.image);
}

/** What the nearest one starts that starts things for a reason; a user can call a program so. */
function starterIn(above: readonly Process[]): OriginKind | null {
  const starter = above.find(({ uid, image }) =>
    (uid ?? 0) === 0 && Object.hasOwn(STARTERS, image.comm ?? "")
  );
  return starter === undefined ? null : STARTERS[starter.image.comm!]!;
}

/** Of who the kernel has started, or is. */
function kernelWords(chain: readonly Process[]): string {
  const first = chain.findLastIndex(({ kernel }) => !kernel);
  if (first < 0) return "the kernel: it is one of its threads";
  const { pid, image } = chain[first]!;
  return `the kernel started ${first === 0 ? "it" : `${image.comm ?? "a program"} (${pid})`}`;
}

/** What the control groups tell: of the process itself, or the nearest of which they are known. */
function placeOf(chain: readonly Process[]): Pick<Origin, "unit" | "container"> {
  for (const { image } of chain) {
    if (image.cgroupText === null) continue;
    const { unit, container } = parseCgroup(image.cgroupText);
    return { unit, container };
  }
  return { unit: null, container: null };
}

function multiplexerIn(above: readonly Process[]): string | null {
  return above.find(({ image }) => MULTIPLEXERS.has(image.comm ?? ""))?.image.comm ?? null;
}

/** The client's address out of SSH_CONNECTION: sshd(8). */
function addressIn(chain: readonly Process[]): string | null {
  const [address = ""] = variable(chain, "SSH_CONNECTION")?.split(" ") ?? [];
  return /^[0-9a-fA-F.:%\w]{2,64}$/.test(address) ? address : null;
}

function variable(chain: readonly Process[], name: string): string | null {
  for (const { image } of chain) {
    const value = environmentOf(image)?.[name];
    if (value !== undefined) return value;
  }
  return null;
}

function environmentOf(image: Image): Record<string, string> | null {
  return image.parts.env === null ? null : image.env;
}
