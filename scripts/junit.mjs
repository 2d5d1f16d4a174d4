/**
 * Reads the JUnit reports of `deno test` and `bun test`.
 *
 * @module
 */

/**
 * The test cases in `xml`, as `{ name, file, result }`; `result` is `passed`, `failed` or
 * `skipped`. Both writers escape `<` and `>` in names and messages.
 */
export function readReport(xml) {
  const cases = xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs);
  return Array.from(cases, ([, attributes, body = ""]) => ({
    name: attribute(attributes, "name"),
    file: (attribute(attributes, "file") || attribute(attributes, "classname")).replace("./", ""),
    result: /<(?:failure|error)\b/.test(body)
      ? "failed"
      : /<skipped\b/.test(body)
      ? "skipped"
      : "passed",
  }));
}

function attribute(attributes, name) {
  const value = attributes.match(new RegExp(`(?:^|\\s)${name}="([^"]*)"`))?.[1] ?? "";
  return value.replace(/&(#?\w+);/g, (whole, entity) => ENTITIES[entity] ?? whole);
}

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", "#10": " " };
