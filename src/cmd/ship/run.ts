/**
 * What `fh ship` does.
 *
 * @module
 */
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { historyFailure } from "../../ask/open/failure.ts";
import type { Context } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { defaultHistory, historyToAsk } from "../../history/place.ts";
import { HistoryError } from "../../history/history_error.ts";
import { openerOf, parseTarget } from "../../ship/open/targets.ts";
import { machineOf, ship } from "../../ship/ship.ts";
import { VERSION } from "../../version.ts";
import type { ShipCommandOptions } from "./command.ts";

/** What a host, its disk and its database bear without being noticed. */
const RATE = 10_000;
/** Beside the history that this user keeps, or would keep. */
const FOLDER = "ship";

/** Runs the command; the exit status comes back. */
export async function runShip(context: Context, options: ShipCommandOptions): Promise<number> {
  const { to, hostName = hostname(), rate = RATE, argv, once = false, quiet } = options;
  const sums = { lives: 0, forgotten: 0 };
  const host = { machine: machineOf(hostName), name: hostName, version: VERSION };
  const history = historyToAsk(context, options.db);
  const open = await openerOf(to ?? fleetOf(context), {
    ...{ env: context.env, host, history: resolve(history) },
    folder: join(dirname(defaultHistory(context)), FOLDER),
    note: (text) => tell(context, text, quiet),
  });
  let isBroken = false;
  try {
    await ship({
      ...{ path: history, open, argv, rate, once, signal: context.signal },
    }, {
      begun(name, where) {
        if (!once || isBroken) tell(context, `ships to ${where} as ${name}`, quiet);
        isBroken = false;
      },
      round({ lives, forgotten }) {
        sums.lives += lives;
        sums.forgotten += forgotten;
        if (forgotten === 0) return;
        tell(context, `${forgotten} lives were forgotten here before they were shipped`, quiet);
      },
      failed(message, retryMs) {
        // One line for each time that it breaks, however long it stays so.
        if (!isBroken) tell(context, `${message}; tries again after ${retryMs / 1000}s`, quiet);
        isBroken = true;
      },
    });
  } catch (error) {
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
  tell(context, `shipped ${sums.lives} lives`, quiet);
  return EXIT.done;
}

function fleetOf({ env }: Context): string {
  const { FH_FLEET: fleet } = env;
  if (fleet) return parseTarget(fleet);
  throw new UsageError("Missing option: --to; give a URL, or FH_FLEET");
}
