/**
 * `fh web`: a page for this host.
 *
 * @module
 */
import { UsageError } from "../../fault.ts";
import { command, type CommandSpec } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import { asText, flag, opt, type OptionsOf } from "../../cli/option.ts";
import { FLEET_OPTIONS } from "../fleet/options.ts";
import { type ListenAddress, parseAddress } from "../listen_address.ts";
import { SOCKET_OPTION } from "../listen/register.ts";

const LOOPBACK = /^(?:127\.0\.0\.1|::1)$/;

const OPTIONS = [
  opt(
    "--listen <place>",
    parsePlace,
    "127.0.0.1:PORT or unix:PATH (default: 127.0.0.1, any port)",
  ),
  flag("--read-only", "change nothing: no jobs, no rules, no signals"),
  opt("--user <user>", asText, "what root becomes (default: who called sudo, or nobody)", "user"),
  flag("--open", "open the page in a browser"),
  ...FLEET_OPTIONS,
  SOCKET_OPTION,
] as const;

/** What the command line gives. */
export type WebOptions = GlobalOptions & OptionsOf<typeof OPTIONS>;

/** The command. */
export const webCommand: CommandSpec = command({
  name: "web",
  operands: "",
  summary: "show this host on a web page: what runs, what went wrong, what it cost",
  options: OPTIONS,
  examples: [
    "fh web --open  the page of what you may see, in your browser",
    "fh web --listen 127.0.0.1:8811 --read-only  on that port, to look only",
    "sudo fh web --user root  of all that runs; who has its URL may do what root may",
    "fh web --db host.db  the same of a history that was exported",
    "fh web --host '*'  of many hosts, of which the page lets one choose (see fh fleet)",
  ],
  async run(context, _operands, options): Promise<number> {
    const { runWeb } = await import("./run.ts");
    return await runWeb(context, options);
  },
});

/** Others than this host come by ssh, which knows who they are and keeps secrets. */
function parsePlace(text: string): ListenAddress {
  const place = parseAddress(text);
  if ("path" in place || LOOPBACK.test(place.host)) return place;
  throw new UsageError(
    `Bad place: ${text}; give 127.0.0.1:PORT or unix:PATH, and let others come by ssh -L`,
  );
}
