/**
 * What a judged fact is, and the words that judgements share.
 *
 * @module
 */
import { INIT_NS_INO } from "../../proc/namespaces.ts";
import type { Facts } from "./probe.ts";

/** How well a fact serves fh. */
export type RowState = "ok" | "limited" | "missing";

/** One fact. Sentences have no full stop. */
export interface Row {
  readonly name: string;
  readonly state: RowState;
  readonly found: string;
  /** What to do about it; null where nothing needs or helps. */
  readonly advice: string | null;
}

/** A row without its name, and what it takes from fh watch: null when nothing. */
export interface Finding extends Omit<Row, "name"> {
  readonly limits: string | null;
}

/** linux/capability.h: bit numbers of the capabilities that fh can use. */
export const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_SYS_PTRACE: 19, CAP_SYS_NICE: 23 } as const;
/** Name of such a capability. */
export type Capability = keyof typeof CAPABILITIES;
/** A fact as it should be. */
export function ok(found: string): Finding {
  return { state: "ok", found, advice: null, limits: null };
}

/** A fact that lets less be seen. */
export function limited(
  found: string,
  advice: string | null,
  limits: string | null = null,
): Finding {
  return { state: "limited", found, advice, limits };
}

/** A fact that is not there at all. */
export function missing(
  found: string,
  advice: string | null,
  limits: string | null = null,
): Finding {
  return { state: "missing", found, advice, limits };
}

/** `text` where it matters: the poller is in use. */
export function whenPolling(facts: Facts, text: string): string | null {
  return facts.choice.source === "poll" ? text : null;
}

/** Whether the namespace is the one the kernel began with. */
export function inInitial(facts: Facts, name: "pid" | "user"): boolean {
  return facts.namespaces[name] === INIT_NS_INO[name];
}

/** Whether the capability is effective, if only inside this user namespace. */
export function holds(facts: Facts, name: Capability): boolean {
  return ((facts.capabilities ?? 0n) >> BigInt(CAPABILITIES[name]) & 1n) === 1n;
}

/** How to come by capabilities. */
export function adviceFor(facts: Facts, ...names: Capability[]): string {
  if (facts.namespaces.user !== null && !inInitial(facts, "user")) {
    return "run outside the user namespace, as root";
  }
  if (facts.uid !== 0) return "run as root";
  const options = names.map((name) => `--cap-add=${name.slice("CAP_".length)}`).join(" ");
  return `give root back ${listed(names)}: in a container ${options}`;
}

/** `a, b and c` */
export function listed(names: readonly string[]): string {
  return names.length < 2
    ? names.join()
    : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** `1 process`, `2 processes` */
export function processes(count: number): string {
  return count === 1 ? "1 process" : `${count} processes`;
}

/** The part of a sentence as a sentence of its own. */
export function sentence(part: string): string {
  return part.replace(/^./, (letter) => letter.toUpperCase());
}

/** /proc numbers processes as another pid namespace does. */
export function countsOtherPids(facts: Facts): boolean {
  return facts.proc.self !== null && facts.proc.self !== facts.pid;
}
