/**
 * Metrics as text: the format of Prometheus 0.0.4 and OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 *
 * @module
 */
import { escapeText } from "../text/escape.ts";
import type { Family, Sample } from "./family.ts";

/** Which of the two. */
export type TextFormat = "openmetrics" | "prometheus";

/** The media type of each, as an answer has it. */
export const MEDIA_TYPES: Readonly<Record<TextFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** The families as text that ends with a newline. A set of labels that comes again is left out. */
export function exposition(families: readonly Family[], format: TextFormat): string {
  const isOpen = format === "openmetrics";
  let text = "";
  for (const family of families) {
    const { name, type, unit, help } = family;
    // OpenMetrics calls a counter what stands before the suffix of its samples.
    const title = isOpen && type === "counter" ? name.replace(/_total$/, "") : name;
    text += `# HELP ${title} ${isOpen ? quotedText(help) : plainText(help)}\n`;
    text += `# TYPE ${title} ${type}\n`;
    if (isOpen && unit !== "") text += `# UNIT ${title} ${unit}\n`;
    for (const line of new Set(family.samples.map((sample) => sampleLine(family, sample)))) {
      text += line;
    }
  }
  return isOpen ? `${text}# EOF\n` : text;
}

function sampleLine({ name, labels }: Family, { labels: values, value }: Sample): string {
  const pairs = labels.map((label, index) => `${label}="${quotedText(values[index] ?? "")}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}\n`;
}

/** A label's value: safe on a terminal, too, which is where somebody will look at it. */
function quotedText(text: string): string {
  return plainText(text).replaceAll('"', '\\"');
}

/** The backslashes that escapes are made of are text themselves. */
function plainText(text: string): string {
  return escapeText(text).replaceAll("\\", "\\\\");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
