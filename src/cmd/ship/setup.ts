/**
 * What is shipped, where to and how, as options have it.
 *
 * @module
 */
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseFilterText } from "../../ask/filter_text.ts";
import type { Context } from "../../cli/command.ts";
import { defaultHistory } from "../../history/place.ts";
import { openUsers } from "../../proc/users.ts";
import { lifeTest } from "../../ship/filter.ts";
import { machineOf, USUAL_RATE } from "../../ship/ship.ts";
import type { ShipSetup } from "../../ship/thread/messages.ts";
import { VERSION } from "../../version.ts";

/** Beside the history that this user keeps, or would keep. */
const FOLDER = "ship";

/** What `fh ship` and `fh record` are given alike. */
export interface ShipWishes {
  readonly url: string;
  readonly hostName?: string | undefined;
  readonly rate?: number | undefined;
  readonly argv: boolean;
  readonly filter?: string | undefined;
}

/** All that shipping needs to know. */
export function shipSetup(
  context: Context,
  history: string,
  { url, hostName = hostname(), rate = USUAL_RATE, argv, filter }: ShipWishes,
): ShipSetup {
  return {
    ...{ history: resolve(history), url, env: context.env, argv, filter: filter ?? null, rate },
    host: { machine: machineOf(hostName), name: hostName, version: VERSION },
    folder: join(dirname(defaultHistory(context)), FOLDER),
  };
}

/** The text of a filter, once it is understood. Throws UsageError. */
export function parseShipFilter(text: string): string {
  lifeTest(parseFilterText(text), openUsers());
  return text;
}
