/**
 * What is said where a fleet knows nothing of the hosts that somebody means.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import type { Connection } from "./connection.ts";
import { hostNames } from "./programs.ts";

/** Hosts that are named then. */
const NAMED_MAX = 5;

/** Why there is no answer about hosts that a glob means. */
export async function noHost(db: Connection, hosts: string): Promise<CommandError> {
  const known = await hostNames(db, "*");
  const begun = await hostNames(db, hosts);
  return new CommandError(EXIT.notFound, `The fleet at ${db.shown} ${words(hosts, known, begun)}`);
}

function words(hosts: string, known: readonly string[], begun: readonly string[]): string {
  if (known.length === 0) return "has no hosts yet; start fh ship on one";
  if (begun.length > 0) return `has nothing of ${some(begun)} yet; see fh fleet status`;
  return `has no host ${hosts === "" ? "''" : hosts}; there ${known.length === 1 ? "is" : "are"} ${
    some(known)
  }`;
}

function some(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
