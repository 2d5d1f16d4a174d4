/**
 * Families as JSON, and back: they come from a server, which may be of another version.
 *
 * @module
 */
import type { Family, Sample } from "./family.ts";

/** A name of a family or a label, as every reader of metrics takes it. */
const NAME = /^[a-z_][a-z0-9_]*$/;

/** The fields of a family: `samples` is an array of `{labels: {…}, value}`. */
export function familyFields(family: Family): Readonly<Record<string, unknown>> {
  const { name, type, unit, help, labels, samples } = family;
  return {
    name,
    type,
    unit,
    help,
    samples: samples.map(({ labels: values, value }) => ({
      labels: Object.fromEntries(labels.map((label, index) => [label, values[index]!])),
      value,
    })),
  };
}

/** The families that are in such an answer; what is no family is left out. */
export function readFamilies(value: unknown): Family[] {
  return Array.isArray(value) ? value.flatMap((one) => readFamily(one) ?? []) : [];
}

function readFamily(value: unknown): Family | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, type, unit, help, samples } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !NAME.test(name) || !Array.isArray(samples)) return null;
  if (type !== "counter" && type !== "gauge") return null;
  if (typeof unit !== "string" || typeof help !== "string") return null;
  const [first] = samples as { labels?: unknown }[];
  const labels = Object.keys(first?.labels ?? {}).filter((label) => NAME.test(label));
  const read = samples.flatMap((one) => readSample(one, labels) ?? []);
  return { name, type, unit, help, labels, samples: read };
}

function readSample(value: unknown, labels: readonly string[]): Sample | null {
  if (typeof value !== "object" || value === null) return null;
  const { labels: given, value: number } = value as Readonly<Record<string, unknown>>;
  if (typeof number !== "number" || typeof given !== "object" || given === null) return null;
  const values = given as Readonly<Record<string, unknown>>;
  return { labels: labels.map((label) => String(values[label] ?? "")), value: number };
}
