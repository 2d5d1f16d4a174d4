/**
 * Which format who scrapes would rather have: the header Accept of HTTP (RFC 9110, 12.5.1).
 *
 * @module
 */
import type { TextFormat } from "./exposition.ts";

/** What a range of media types takes; the more it says, the more it counts. */
const RANGES: Readonly<Record<string, readonly TextFormat[]>> = {
  "application/openmetrics-text": ["openmetrics"],
  "text/plain": ["prometheus"],
  "application/*": ["openmetrics"],
  "text/*": ["prometheus"],
  "*/*": ["prometheus", "openmetrics"],
};
const PLACES = Object.keys(RANGES);
/** Versions that are spoken; a range without one takes any. */
const VERSIONS: Readonly<Record<TextFormat, readonly string[]>> = {
  openmetrics: ["1.0.0", "0.0.1"],
  prometheus: ["0.0.4"],
};

/** The format that is wanted most; that of Prometheus where nothing is asked for or fits. */
export function chooseFormat(accept: string | undefined): TextFormat {
  const quality: Record<TextFormat, [place: number, q: number]> = {
    openmetrics: [Infinity, 0],
    prometheus: [Infinity, 0],
  };
  for (const part of (accept ?? "").split(",")) {
    const [range = "", ...parameters] = part.split(";").map((text) => text.trim());
    const place = PLACES.indexOf(range.toLowerCase());
    if (place < 0) continue;
    const given = new Map(parameters.map((text) => {
      const [name = "", value = ""] = text.split("=", 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
    }));
    const version = given.get("version");
    const q = qualityOf(given.get("q"));
    for (const format of RANGES[PLACES[place]!]!) {
      if (version !== undefined && !VERSIONS[format].includes(version)) continue;
      const [before, most] = quality[format];
      if (place < before || (place === before && q > most)) quality[format] = [place, q];
    }
  }
  return quality.openmetrics[1] > quality.prometheus[1] ? "openmetrics" : "prometheus";
}

function qualityOf(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
