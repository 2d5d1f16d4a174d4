/**
 * Options that the actions of `fh job` share.
 *
 * @module
 */
import type { GlobalOptions } from "../../cli/globals.ts";
import { flag, type OptionsOf } from "../../cli/option.ts";
import { SOCKET_OPTION } from "../listen/register.ts";

/** Of every action. */
export const JOB_OPTIONS = [SOCKET_OPTION] as const;

/** What every action is given. */
export type JobOptions = GlobalOptions & OptionsOf<typeof JOB_OPTIONS>;

/** Of `fh job add` and `fh job remove`. */
export const MEMBER_OPTIONS = [
  flag("--only", "not what descends from the process"),
  SOCKET_OPTION,
] as const;

/** What these two are given. */
export type MemberOptions = GlobalOptions & OptionsOf<typeof MEMBER_OPTIONS>;
