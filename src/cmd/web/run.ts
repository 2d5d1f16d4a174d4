/**
 * What `fh web` does: listens, becomes an ordinary user, says where it is, and answers.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { liveSource } from "../../cli/globals.ts";
import { tell } from "../../cli/tell.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import { listenAtPath, listenAtPort, type Listening } from "../../serve/named_place.ts";
import page from "../../web/built/page.html" with { type: "text" };
import { jsonText } from "../../text/json_text.ts";
import type { Backend } from "../../web/backend.ts";
import { Gateway } from "../../web/gateway.ts";
import { Refusals } from "../../web/refusals.ts";
import { newToken } from "../../web/token.ts";
import { asksFleet, checkFleet } from "../fleet/ask.ts";
import { fleetOf } from "../fleet/options.ts";
import type { ListenAddress } from "../listen_address.ts";
import { HostBackend } from "./backend.ts";
import { openBrowser } from "./browser.ts";
import { closedPlace } from "./closed_place.ts";
import type { WebOptions } from "./command.ts";
import { asUser } from "./user.ts";

const ANYWHERE: ListenAddress = { host: "127.0.0.1", port: 0 };

/** Runs the command until a signal ends it; the exit status comes back. */
export async function runWeb(context: Context, options: WebOptions): Promise<number> {
  checkFleet(options, { socket: options.socket });
  const place = options.listen ?? ANYWHERE;
  if (options.open === true && "path" in place) {
    throw new UsageError("Conflicting options: --open, --listen unix:; listen on a port");
  }
  const user = await asUser(context, options.user);
  if (user.euid !== context.euid) {
    const closed = closedPlace(user, options);
    const but = closed === null ? "" : `, who may not open ${closed}`;
    tell(context, `web: goes on as ${user.env["USER"]}${but}; --user names another`, options.quiet);
  }
  const complain = (text: string) => {
    tell(context, text);
    void context.stderr.flush().catch(() => {});
  };
  const token = newToken();
  const gateway = new Gateway({
    token,
    page,
    backend: await backendOf(user, options),
    refusals: new Refusals(complain),
    isReadOnly: options.readOnly === true,
    complain,
  });
  const listening = await listen(gateway, place);
  try {
    const url = urlOf(listening, token);
    const told = { listen: listening.shown, url, token };
    const line = options.json ? jsonText(told) : url ?? forwardOf(listening, token);
    context.stdout.write(`${line}\n`);
    await context.stdout.flush();
    if (options.open === true && url !== null) await openOrTell(user, url);
    await ended(context.signal);
  } finally {
    await gateway.close();
    await listening.close();
  }
  return EXIT.done;
}

async function backendOf(user: Context, options: WebOptions): Promise<Backend> {
  const { db, socket, fleet, host } = options;
  if (!asksFleet(options)) {
    return new HostBackend(user, { db, socket, source: liveSource(options.source) });
  }
  // What is wrong with it is told before anybody looks.
  fleetOf(user, fleet);
  const { FleetBackend } = await import("./fleet_backend.ts");
  return new FleetBackend(user, { fleet, host });
}

/** The page is there, whoever opens it. */
async function openOrTell(user: Context, url: string): Promise<void> {
  try {
    await openBrowser(user, url);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    tell(user, error.message);
  }
}

async function listen(gateway: Gateway, place: ListenAddress): Promise<Listening> {
  try {
    const listening = "path" in place
      ? await listenAtPath(gateway.server, { path: place.path, group: null })
      : await listenAtPort(gateway.server, place);
    if ("port" in listening.place) gateway.port = listening.place.port;
    return listening;
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(EXIT.failed, `${message}; give another place by --listen`);
  }
}

/** Null for a socket in a folder: that has a URL only at the other end of a forward. */
function urlOf({ place, shown }: Listening, token: string): string | null {
  return "path" in place ? null : `http://${shown}/#token=${token}`;
}

/** The port is an example: any will do; whoever has it already must not be asked instead. */
function forwardOf({ place }: Listening, token: string): string {
  const path = "path" in place ? place.path : "";
  const forward = `ssh -N -o ExitOnForwardFailure=yes -L 127.0.0.1:8811:${path} HOST`;
  return `http://127.0.0.1:8811/#token=${token}  after: ${forward}`;
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}
