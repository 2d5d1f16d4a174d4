/**
 * Options of what listens on a socket.
 *
 * @module
 */
import type { OptionSpec } from "./command.ts";

/** Where to listen, and who may connect. */
export const LISTEN_OPTIONS: readonly OptionSpec[] = [
  { flags: "--socket <path>", description: "listen there (default: /run/fh/fh.sock for root)" },
  { flags: "--socket-group <group>", description: "let that group connect, too" },
];

/** What {@linkcode LISTEN_OPTIONS} give. */
export interface ListenSettings {
  /** False for none; undefined for the default one. */
  readonly socket?: string | false;
  /** Name or gid. */
  readonly socketGroup?: string;
}
