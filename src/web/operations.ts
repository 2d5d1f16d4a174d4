/**
 * What the page may ask for, and which of it changes something.
 *
 * @module
 */

/** What an operation does: `asks`, `tells` for ever, or `changes` something. */
export type Kind = "asks" | "tells" | "changes";

/** All of them; what is not here is not handed on. */
const OPERATIONS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["hello", "asks"],
  ["status", "asks"],
  ["history", "asks"],
  ["tree", "asks"],
  ["why", "asks"],
  ["log", "asks"],
  ["account", "asks"],
  ["trouble", "asks"],
  ["doctor", "asks"],
  ["metrics", "asks"],
  ["gateway", "asks"],
  ["hosts", "asks"],
  ["job_list", "asks"],
  ["job_show", "asks"],
  ["job_members", "asks"],
  ["rule_list", "asks"],
  ["rule_test", "asks"],
  ["live", "tells"],
  ["job_create", "changes"],
  ["job_add", "changes"],
  ["job_remove", "changes"],
  ["job_rename", "changes"],
  ["job_end", "changes"],
  ["job_kill", "changes"],
  ["rule_add", "changes"],
  ["rule_remove", "changes"],
]);

/** What an operation does; null for one that there is not. */
export function kindOf(op: string): Kind | null {
  return OPERATIONS.get(op) ?? null;
}

/**
 * What a change has to be confirmed with: the operation and what it is done to, so that a consent
 * to one thing is none to another.
 */
export function consentTo(op: string, params: Readonly<Record<string, unknown>>): string | null {
  const subject = params["job"] ?? params["rule"] ?? params["name"] ?? "";
  const isPlain = typeof subject === "string" || typeof subject === "number";
  return isPlain ? `${op} ${subject}` : null;
}
