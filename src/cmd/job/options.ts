/**
 * Options that the actions of `fh job` share.
 *
 * @module
 */
import type { GlobalOptions } from "../../cli/globals.ts";
import { flag, type OptionsOf } from "../../cli/option.ts";
import type { FleetAsked } from "../fleet/ask.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { SOCKET_OPTION } from "../listen/register.ts";

/** Of every action. */
export const JOB_OPTIONS = [SOCKET_OPTION] as const;

/** Of those that a fleet answers, too. */
export const ASKING_OPTIONS = [...FLEET_OPTIONS, SOCKET_OPTION] as const;

/** What every action is given. */
export type JobOptions = GlobalOptions & OptionsOf<typeof JOB_OPTIONS> & FleetAsked;

/** Of `fh job add` and `fh job remove`. */
export const MEMBER_OPTIONS = [
  flag("--only", "not what descends from the process"),
  SOCKET_OPTION,
] as const;

/** What these two are given. */
export type MemberOptions = GlobalOptions & OptionsOf<typeof MEMBER_OPTIONS>;
