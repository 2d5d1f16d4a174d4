/**
 * `fh record --print-unit` and `--print-socket-unit`.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import { UsageError } from "../../fault.ts";
import type { RecordOptions } from "./command.ts";
import { SOCKET_UNIT, unitText } from "./unit_text.ts";

/** Where a service finds the executable. */
const INSTALLED = "/usr/local/bin/fh";

/**
 * The unit that these options of `fh record` ask for.
 *
 * @throws {UsageError} Other options are with them, which a unit would not have.
 */
export function printedUnit(options: RecordOptions): string {
  const { printUnit, printSocketUnit, argv, accounts, findings, realtime, redact, socket } =
    options;
  const names = [
    "db",
    "keep",
    "maxSize",
    "maxArgv",
    "interval",
    "redactFile",
    "socketGroup",
    "onFinding",
    "threshold",
    "firstSeen",
    "metrics",
    "shipTo",
    "shipAs",
    "shipRate",
    "shipFilter",
  ] as const;
  const changed = names.some((name) => options[name] !== undefined) || socket !== undefined;
  const switched = !argv || !accounts || !findings || !realtime || redact !== undefined;
  if (changed || switched || (printUnit && printSocketUnit)) {
    const name = printUnit ? "--print-unit" : "--print-socket-unit";
    throw new UsageError(`Bad options: ${name} with others; change the unit it prints`);
  }
  if (printSocketUnit) return SOCKET_UNIT;
  // From source, the runtime is what runs.
  return unitText(basename(process.execPath) === "fh" ? process.execPath : INSTALLED);
}
