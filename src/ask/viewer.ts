/**
 * For whom a question is answered, and what they may see.
 *
 * @module
 */

/** Who asks: root and who runs the program may see everything, others what is their own. */
export interface Viewer {
  /** Real uid. */
  readonly uid: number;
  readonly privileged: boolean;
}

/** Who asks on a terminal: what may be read of /proc and of the history may be shown. */
export const EVERYTHING: Viewer = { uid: 0, privileged: true };

/** Whether somebody may see a process with that real uid, null where it is not known. */
export function maySee({ privileged, uid }: Viewer, of: number | null): boolean {
  return privileged || uid === of;
}
