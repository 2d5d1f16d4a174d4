/**
 * Variables by which the runtime in the executable lets others in before its first line has run.
 *
 * @module
 */

/** Each, and what it does. All were tried on the executable but for the second. */
export const DOORS: Readonly<Record<string, string>> = {
  BUN_INSPECT: "it opens a debugger to whoever connects",
  BUN_INSPECT_CONNECT_TO: "it lets a debugger in",
  BUN_INSPECT_PRELOAD: "it runs a program of its own with a debugger",
  BUN_OPTIONS: "it can run a program of its own first",
};

/** Which of them is set and not empty, and what it does, as a sentence; null when none is. */
export function openDoor(env: Readonly<Record<string, string | undefined>>): string | null {
  const name = Object.keys(DOORS).find((name) => (env[name] ?? "") !== "");
  if (name === undefined) return null;
  return `Cannot run as root with ${name} set: ${DOORS[name]}; unset ${name}`;
}
