/**
 * The answer of `why` as JSON, the format of contract.
 *
 * @module
 */
import type { Notes } from "../ask/notes.ts";
import type { Link, WhyAnswer } from "../ask/why.ts";
import { exitStatus, type Process } from "../model/process.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import type { Steps } from "../steps.ts";
import { accountJson } from "../text/account_json.ts";
import { argvFields } from "../text/argv_fields.ts";
import { WallClock } from "../text/time.ts";
import { signalName } from "../text/words.ts";
import { missingJson } from "./missing_json.ts";
import { STATE_WORDS } from "./tree_json.ts";
import { linkNotes } from "./why.ts";

/** Links of a chain between two pauses. */
const LINKS_AT_ONCE = 100;

/** The fields; a chain may be long. */
export function* whyFields(
  { chain, isCut, origin, cost, missing }: WhyAnswer,
  users: Users,
  notes: Notes,
): Steps<Record<string, unknown>> {
  const links: unknown[] = [];
  for (const [index, link] of chain.entries()) {
    if (index % LINKS_AT_ONCE === 0) yield;
    links.push(linkFields(link, users));
  }
  const { text, ...where } = origin ?? { text: "" };
  return {
    chain: links,
    ...isCut ? { more_above: true } : {},
    origin: origin === null ? null : { ...where, words: text },
    cost: cost === null ? null : accountJson(cost),
    gaps: missingJson(missing),
    notes,
  };
}

function linkFields({ process, child, id, parent }: Link, users: Users): unknown {
  const { image, uid, durationNs } = process;
  const { code, signal } = exitStatus(process.status);
  const { path, unit, container } = parseCgroup(image.cgroupText ?? "");
  return {
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
    uid,
    user: uid === null ? null : users.name(uid),
    state: STATE_WORDS[process.state],
    started: timeOf(process, process.start),
    ended: timeOf(process, process.alive ? null : process.end),
    exit_code: code,
    signal: signal === null ? null : signalName(signal),
    duration_ns: durationNs === null ? null : Math.round(durationNs),
    notes: linkNotes(process, child),
  };
}

function timeOf({ boot }: Process, ns: number | null): string | null {
  const epoch = ns === null ? null : boot.epochAt(ns);
  return epoch === null ? null : new WallClock().utc(epoch, ns!);
}
