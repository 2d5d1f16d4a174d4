/**
 * Options of what listens on a socket.
 *
 * @module
 */
import { asText, opt } from "./option.ts";

/** Where to listen, and who may connect. */
export const LISTEN_OPTIONS = [
  opt("--socket <path>", asText, "listen there (default: /run/fh/fh.sock for root)"),
  opt("--socket-group <group>", asText, "let that group connect, too"),
] as const;

/** What {@linkcode LISTEN_OPTIONS} give. */
export interface ListenSettings {
  /** False for none; undefined for the default one. */
  readonly socket?: string | false;
  /** Name or gid. */
  readonly socketGroup?: string;
}
