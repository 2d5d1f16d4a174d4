/**
 * Where is to be listened for others than clients of fh, as the command line has it.
 *
 * @module
 */
import { isIP } from "node:net";
import { quoted } from "../ask/text/values.ts";
import { UsageError } from "../fault.ts";

/** A port of an address, or a path. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

const LOOPBACK = "127.0.0.1";
const PORT_MAX = 65_535;
const UNIX = "unix:";

/** `9811` (of 127.0.0.1), `10.0.0.5:9811`, `[::1]:9811` or `unix:/run/fh/metrics.sock`. */
export function parseAddress(text: string): ListenAddress {
  if (text.startsWith(UNIX)) {
    const path = text.slice(UNIX.length);
    if (path !== "") return { path };
  } else {
    const [, address, digits] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
    const host = hostOf(address);
    if (host !== null && digits !== undefined && Number(digits) <= PORT_MAX) {
      return { host, port: Number(digits) };
    }
  }
  throw new UsageError(
    `Bad address: ${quoted(text)}; give a port, ADDRESS:PORT with an IP address, or unix:PATH`,
  );
}

/** Names are not looked up: who names an address knows who can reach it. */
function hostOf(address: string | undefined): string | null {
  if (address === undefined || address === "" || address === "localhost") return LOOPBACK;
  const inner = /^\[(.*)\]$/.exec(address)?.[1];
  if (inner !== undefined) return isIP(inner) === 6 ? inner : null;
  return isIP(address) === 4 ? address : null;
}
