/**
 * What `fh ship` does.
 *
 * @module
 */
import { historyFailure } from "../../ask/open/failure.ts";
import { parseFilterText } from "../../ask/filter_text.ts";
import type { Context } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { historyToAsk } from "../../history/place.ts";
import { HistoryError } from "../../history/history_error.ts";
import { openUsers } from "../../proc/users.ts";
import { lifeTest } from "../../ship/filter.ts";
import { openerOf, parseTarget } from "../../ship/open/targets.ts";
import { ship } from "../../ship/ship.ts";
import { ShipReport } from "../../ship/told.ts";
import type { ShipCommandOptions } from "./command.ts";
import { shipSetup } from "./setup.ts";

/** Runs the command; the exit status comes back. */
export async function runShip(context: Context, options: ShipCommandOptions): Promise<number> {
  const { to, once = false, quiet, shipFilter } = options;
  const url = to ?? fleetOf(context);
  const path = historyToAsk(context, options.db);
  const setup = shipSetup(context, path, { ...options, url, filter: shipFilter });
  const { history, host, env, folder, filter, argv, rate } = setup;
  const accepts = filter === null ? null : lifeTest(parseFilterText(filter), openUsers());
  const say = (text: string) => tell(context, text, quiet);
  const open = await openerOf(url, { env, host, history, folder, note: say });
  const report = new ShipReport({ history, to: url, once, say, now: () => context.now() });
  const { signal } = context;
  try {
    await ship({ path, open, argv, accepts, rate, once, stays: false, signal }, report);
  } catch (error) {
    report.gaveUp((error as Error).message);
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
  report.ended();
  say(`shipped ${report.sums.lives} lives`);
  return EXIT.done;
}

function fleetOf({ env }: Context): string {
  const { FH_FLEET: fleet } = env;
  if (fleet) return parseTarget(fleet);
  throw new UsageError("Missing option: --to; give a URL, or FH_FLEET");
}
