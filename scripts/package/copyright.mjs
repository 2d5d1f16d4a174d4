/**
 * Whose work is in the executable, and under which licences: the file that Debian calls copyright.
 * The notices are those that the packages bring along.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readText } from "./files.mjs";
import { listCompiledIn } from "./sbom.mjs";

/** What npm calls a licence (SPDX), and what Debian calls it. */
const LICENCES = {
  "Apache-2.0": "Apache-2.0",
  "BSD-3-Clause": "BSD-3-clause",
  "ISC": "ISC",
  "MIT": "Expat",
  "Unlicense": "Unlicense",
};
/** The runtime is not a package that is read: its own licence file names what it links. */
const RUNTIME = /^(bun|@oven\/bun-.*)$/;
const RUNTIME_NOTICES = ["The authors of Bun (bun)", "The authors of WebKit (JavaScriptCore)"];
const RUNTIME_LICENCES = ["Expat", "LGPL-2"];
const NOTICE = /^[ *]*Copyright (?:\(c\)|©)?[ ,]*((?!notice|licen[cs]e|\[).*\S)/im;

/** The text of the file. @throws where the text of a licence is not in contrib/debian/copyright. */
export function copyrightText(root) {
  const template = readText(root, "contrib/debian/copyright");
  const packages = listCompiledIn(root).components.filter(({ name }) => !RUNTIME.test(name))
    .map(({ name }) => readPackage(root, name));
  const notices = [
    "2026 The fh authors",
    ...RUNTIME_NOTICES,
    ...packages.map(({ name, notice }) => `${notice} (${name})`).sort(),
  ];
  const licences = new Set([...RUNTIME_LICENCES, ...packages.map(({ licence }) => licence)]);
  const lacking = [...licences].filter((one) => !template.includes(`\nLicense: ${one}\n `));
  if (lacking.length > 0) {
    throw new Error(`contrib/debian/copyright lacks the text of ${lacking.join(", ")}`);
  }
  const others = packages.filter(({ licence }) => licence !== "Expat")
    .map(({ name, licence }) => ` ${name} is under ${licence}.`).sort();
  const inside = [
    "Files: usr/bin/fh",
    `Copyright: ${notices.join("\n ")}`,
    `License: ${[...licences].sort().join(" and ")}`,
    `Comment: JavaScriptCore is under LGPL-2.\n${others.join("\n")}`,
    " All else is under the Expat licence.",
  ];
  return template.replace("@INSIDE@", () => inside.join("\n"));
}

function readPackage(root, name) {
  const folder = join(root, "node_modules", name);
  const { license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const licence = LICENCES[license];
  if (licence === undefined) {
    throw new Error(`${name} is under ${license}, which is not known here`);
  }
  const files = readdirSync(folder).filter((file) => /^licen[cs]e(\.\w+)?$/i.test(file));
  const found = files.map((file) => NOTICE.exec(readFileSync(join(folder, file), "utf8"))?.[1]);
  const notice = found.find((one) => one !== undefined) ?? author?.name ?? author;
  if (notice === undefined) throw new Error(`${name} does not say whose it is`);
  return { name, licence, notice };
}
