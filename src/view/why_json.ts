/**
 * The answer of `why` as JSON, the format of contract.
 *
 * @module
 */
import type { Notes } from "../ask/notes.ts";
import type { Came, Spread } from "../ask/store.ts";
import type { Cost, Link, WhyAnswer } from "../ask/why.ts";
import { FIGURES } from "../model/account.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import type { Steps } from "../steps.ts";
import { accountJson } from "../text/account_json.ts";
import { argvFields } from "../text/argv_fields.ts";
import { hostFields, lifeFields, userFields } from "../text/process_fields.ts";
import { WallClock } from "../text/time.ts";
import { missingJson } from "./missing_json.ts";
import { linkNotes } from "./why.ts";

/** Links of a chain between two pauses. */
const LINKS_AT_ONCE = 100;

/** The fields; a chain may be long. */
export function* whyFields(
  { chain, isCut, origin, cost, came, spread, missing }: WhyAnswer,
  users: Users,
  notes: Notes,
): Steps<Record<string, unknown>> {
  const links: unknown[] = [];
  const clock = new WallClock();
  for (const [index, link] of chain.entries()) {
    if (index % LINKS_AT_ONCE === 0) yield;
    links.push(linkFields(link, users, clock));
  }
  const { text, ...where } = origin ?? { text: "" };
  return {
    chain: links,
    ...isCut ? { more_above: true } : {},
    origin: origin === null ? null : { ...where, words: text },
    cost: cost === null ? null : costJson(cost),
    came: came === null ? null : cameJson(came),
    ...spread === null ? {} : { same: spreadJson(spread) },
    gaps: missingJson(missing),
    notes,
  };
}

/** Figures of who still runs are those up to now. */
function costJson({ account, isSoFar, unknown }: Cost): Record<string, number | null | true> {
  const fields = Object.entries(accountJson(account)).map(([field, value]) => {
    const figure = FIGURES.find(({ json }) => json === field);
    return [field, figure !== undefined && unknown.includes(figure.name) ? null : value];
  });
  return { ...Object.fromEntries(fields), ...isSoFar ? { so_far: true } : {} };
}

function cameJson({ times, isAll, failed, since, everyMs }: Came): Record<string, unknown> {
  return {
    times,
    ...isAll ? {} : { more: true },
    failed,
    since: new Date(since).toISOString(),
    every_ns: everyMs === null ? null : Math.round(everyMs * 1e6),
  };
}

/** Where the same chain occurs; of very many runs the latest were looked at. */
function spreadJson({ names, of, isAll }: Spread): Record<string, unknown> {
  return { hosts: names.length, of, names, ...isAll ? {} : { more: true } };
}

function linkFields({ process, child, id, parent }: Link, users: Users, clock: WallClock): unknown {
  const { image, uid } = process;
  const { path, unit, container } = parseCgroup(image.cgroupText ?? "");
  return {
    ...hostFields(process),
    id,
    pid: process.pid,
    ppid: process.ppid,
    parent,
    reaper: process.reaper,
    comm: image.comm,
    exe: image.exe,
    ...argvFields(image),
    cwd: image.cwd,
    cgroup: path,
    unit,
    container,
    ...userFields(uid, users),
    ...lifeFields(process, clock),
    notes: linkNotes(process, child),
  };
}
