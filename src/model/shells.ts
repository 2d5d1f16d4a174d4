/**
 * Programs that run what people type.
 *
 * @module
 */

/** Names of shells, as the kernel keeps them. */
export const SHELLS: ReadonlySet<string> = new Set(
  ["sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "ash", "csh", "tcsh", "busybox"],
);
