/**
 * What a machine tells: one change of a process.
 *
 * @module
 */
import type { ChangeKind } from "./change_kinds.ts";
import { EVENT } from "./event.ts";
import { type Image, NO_IMAGE } from "./image.ts";
import type { Process } from "./process.ts";

export { CHANGE_KINDS, type ChangeKind } from "./change_kinds.ts";

/** One change, reused for the next: copy what is to be kept. */
export class Change {
  /** What happened. */
  kind: ChangeKind = "gap";
  /** Nanoseconds since boot. */
  time = 0;
  /** gap: when the first that is missing can have been, nanoseconds since boot. */
  since = 0;
  /** The process it is about; null for a gap. */
  process: Process | null = null;
  /** Reconstructed instead of seen. */
  inferred = false;
  /** Thread it happened in, where that is not the leader; else the pid. */
  tid = 0;
  /** uid, gid: real id. ptrace: the tracer's pid, 0 at the end. gap: how many, or UNKNOWN. */
  a = 0;
  /** uid, gid: effective id. gap: one of GAP_REASON. */
  b = 0;
  /** The image it had before an exec or a new name, and the real uid before a new one. */
  before: Image = NO_IMAGE;
  /** The real uid it had before; null when not known. */
  uidBefore: number | null = null;
}

/** Kinds of source events that only change a property. */
export const PROPERTY_KINDS: Partial<Record<number, ChangeKind>> = {
  [EVENT.comm]: "comm",
  [EVENT.uid]: "uid",
  [EVENT.gid]: "gid",
  [EVENT.sid]: "sid",
  [EVENT.ptrace]: "ptrace",
  [EVENT.coredump]: "coredump",
};
