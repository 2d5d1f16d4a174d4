/**
 * Sums of what processes have cost, and what they are of. Pure.
 *
 * @module
 */
import { escapeText } from "../../text/escape.ts";
import type { CostFields } from "./answers.ts";
import { lengthText } from "./words.ts";

/** CPU time, nanoseconds; null where it is not known. */
export function cpuOf(
  { user_ns: user, system_ns: system }: Pick<CostFields, "user_ns" | "system_ns">,
): number | null {
  return user === null || system === null ? null : user + system;
}

/** The same in words. */
export function cpuText(cost: Pick<CostFields, "user_ns" | "system_ns">): string {
  return lengthText(cpuOf(cost));
}

/** What a row of sums by a key is of; where it is not known or there is none, `-`. */
export function keyText(by: string, row: Readonly<Record<string, unknown>>): string {
  const value = by.startsWith("job") ? row["name"] ?? row["job"] : row[by];
  if (by === "exit") return String(row["signal"] ?? row["exit_code"] ?? value ?? "-");
  return value == null ? "-" : escapeText(String(value));
}
