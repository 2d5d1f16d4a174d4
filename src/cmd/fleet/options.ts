/**
 * How a fleet is named.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { asText, opt } from "../../cli/option.ts";
import { UsageError } from "../../fault.ts";
import { parseFleet } from "../../fleet/place.ts";

/** Where the fleet is. */
export const FLEET_OPTION = opt(
  "--fleet <url>",
  parseFleet,
  "the fleet to ask, instead of FH_FLEET",
  null,
);

/** Which hosts are asked. */
export const FLEET_OPTIONS = [
  FLEET_OPTION,
  opt("--host <glob>", asText, "its hosts: web7, 'web*' (default: all)", null),
] as const;

/** The fleet that is meant. Throws UsageError where none is named. */
export function fleetOf({ env }: Pick<Context, "env">, fleet: string | undefined): string {
  const named = fleet ?? (env["FH_FLEET"] || undefined);
  if (named !== undefined) return named;
  throw new UsageError(
    "No fleet is named; give --fleet postgres://user@host/database, or FH_FLEET",
  );
}
