/**
 * What `fh record` does: a recorder with a history, its jobs and a socket.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { EXIT, UsageError } from "../../fault.ts";
import { defaultHistory } from "../../history/place.ts";
import type { MetricsPlace } from "../../recorder/metrics_door.ts";
import { Recorder, type SocketSettings } from "../../recorder/recorder.ts";
import type { ShipSetup } from "../../ship/thread/messages.ts";
import type { World } from "../../recorder/world.ts";
import { groupOf, listenPlace, questionsOf, recorderWorld } from "../recorder_world.ts";
import { shipSetup } from "../ship/setup.ts";
import { limitsOf } from "../trouble/limits.ts";
import type { RecordOptions } from "./command.ts";
import { printedUnit } from "./unit.ts";

const KEEP_NS = 7 * 86_400e9;
const MAX_BYTES = 2 ** 30;
/** Of the environment: where a login came from, and which timer started a unit. */
const ENVIRONMENT = ["SSH_CONNECTION", "TRIGGER_UNIT"];

/** Runs the command; the exit status comes back. */
export async function runRecord(
  context: Context,
  options: RecordOptions,
): Promise<number> {
  if (options.printUnit || options.printSocketUnit) {
    context.stdout.write(printedUnit(options));
    return EXIT.done;
  }
  if (options.status) {
    const { runStatus } = await import("./status.ts");
    return await runStatus(context, options);
  }
  const { accounts, argv, keep = KEEP_NS, maxSize: maxBytes = MAX_BYTES } = options;
  const path = options.db ?? defaultHistory(context);
  const world = await recorderWorld(context, options, "record", { env: ENVIRONMENT, accounts });
  const history = { path, limits: { keepMs: keep / 1e6, maxBytes }, argv, samples: accounts };
  const socket = socketOf(context, options, path, world);
  const { onFinding: hooks = [], threshold = [], firstSeen: learnNs = null, findings } = options;
  if (!findings && hooks.length > 0) throw unlooked("--on-finding");
  if (!findings && threshold.length > 0) throw unlooked("--threshold");
  if (!findings && learnNs !== null) throw unlooked("--first-seen");
  const learnMs = learnNs === null ? null : learnNs / 1e6;
  const trouble = findings ? { hooks, limits: limitsOf(threshold), learnMs } : null;
  const metrics = metricsOf(options);
  const ship = shipOf(context, options, path);
  await new Recorder(world, { history, socket, trouble, metrics, ship }).run();
  return EXIT.done;
}

function unlooked(option: string): UsageError {
  const what = `Conflicting options: --no-findings, ${option}`;
  return new UsageError(`${what}; leave one of them out`);
}

/** What is kept without command lines has none to ship. */
function shipOf(context: Context, options: RecordOptions, path: string): ShipSetup | null {
  const { shipTo: url, shipAs: hostName, shipRate: rate, shipFilter: filter } = options;
  if (url !== undefined) {
    return shipSetup(context, path, { url, hostName, rate, filter, argv: true });
  }
  const given = Object.entries({
    "--ship-as": hostName,
    "--ship-rate": rate,
    "--ship-filter": filter,
  })
    .filter(([, value]) => value !== undefined);
  if (given.length === 0) return null;
  throw new UsageError(`Missing option: --ship-to; ${given[0]![0]} is about what is shipped there`);
}

/** Who may connect to the socket may connect to that of metrics, too. */
function metricsOf({ metrics, socketGroup }: RecordOptions): MetricsPlace | null {
  if (metrics === undefined) return null;
  return "path" in metrics ? { ...metrics, group: groupOf(socketGroup) } : metrics;
}

function socketOf(
  context: Context,
  options: RecordOptions,
  path: string,
  world: World,
): SocketSettings | null {
  const place = listenPlace(context, options);
  if (place === null) return null;
  const needed = options.socket !== undefined || options.socketGroup !== undefined;
  return { place, needed, questions: questionsOf(context, options, world, path) };
}
