/**
 * The written list of what scripts and other programs rely on, docs/contract.json, against what the
 * code has. `FH_GOLDEN=1` writes it anew: read what changed, and say so in CHANGELOG.md.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const LIST = new URL("../../docs/contract.json", import.meta.url);

type Contract = Record<string, unknown>;

function readContract(): Contract {
  return JSON.parse(readFileSync(LIST, "utf8"));
}

/** Compares a part of the list with what there is. */
export function assertContract(part: string, found: unknown): void {
  if (process.env["FH_GOLDEN"] === "1") {
    const text = JSON.stringify({ ...readContract(), [part]: found }, null, 2);
    writeFileSync(LIST, `${text}\n`);
  }
  assert.deepEqual(found, readContract()[part], `${part}: see docs/contract.json, CHANGELOG.md`);
}

/** Fields that are there when something has happened that cannot be made to happen. */
const SOMETIMES =
  /(?:^|\.)inferred$|notes\[\]\.|gaps\[\]\.|labels\.|origin\.|^(?:lost|reason|since|kind|text)$/;

/**
 * Compares the fields of the JSON that a command prints: all that the list has are there, and no
 * others.
 */
export function assertFields(command: string, lines: readonly string[]): void {
  const all = (readContract()["json"] ?? {}) as Record<string, string[]>;
  const listed = all[command] ?? [];
  const seen = fieldsOf(lines.map((line) => JSON.parse(line)));
  const found = [...new Set([...seen, ...listed.filter((field) => SOMETIMES.test(field))])].sort();
  assertContract("json", { ...all, [command]: found });
}

/** Paths of fields: `chain[].pid`. What is below itself, as children are, counts once. */
export function fieldsOf(values: readonly unknown[]): Set<string> {
  const fields = new Set<string>();
  const waiting = values.map((value) => ({ path: "", value }));
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const { path, value } = one;
    if (Array.isArray(value)) {
      for (const item of value) waiting.push({ path: `${path}[]`, value: item });
    } else if (value !== null && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) {
        const below = path === "" ? name : `${path}.${name}`;
        const once = below.replace(/(\bchildren\[\]\.)+/g, "children[].");
        fields.add(once);
        waiting.push({ path: once, value: inner });
      }
    }
  }
  return fields;
}
