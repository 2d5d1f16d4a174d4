/**
 * Bundles the pages that stand in the program as texts, each into one file, where sources changed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BIN, fail, filesBelow, hashFiles, isProgram, ROOT, run } from "./project.mjs";
import { setup } from "./setup.mjs";

/** What pages take from elsewhere; the lock file stands for packages. */
const OTHERS = ["src/model", "src/text", "scripts"];
/** A page that is a file brings its policy along; that of `fh web` is a header. */
const PAGES = [
  { source: "src/report/page", others: OTHERS, built: "src/report/built", finish: withPolicy },
  {
    source: "src/web/page",
    others: [...OTHERS, "src/report/page", "src/serve/client"],
    files: [...filesBelow("src/report", ".ts"), "src/web/operations.ts"],
    built: "src/web/built",
    finish: (html) => html,
  },
];
/** What is made. */
export const BUILT_PAGES = PAGES.map(({ built }) => `${built}/page.html`);
const OPTIONS = ["--compile", "--target=browser", "--minify", "--production"];

/** Makes those that are missing or older than their sources. */
export function buildPages() {
  for (const page of PAGES) buildPage(page);
}

function buildPage({ source, others, files = [], built, finish }) {
  const stamp = join(ROOT, built, "page.stamp");
  const page = join(ROOT, built, "page.html");
  const sources = [source, ...others].flatMap((folder) => filesBelow(folder, ""));
  const hash = hashFiles([...sources, ...files, "package-lock.json"]);
  if (existsSync(page) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  setup(["bun"]);
  // Beside the old one, so that whoever reads it now has a whole one.
  const scratch = join(ROOT, built, `.${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  const args = ["build", ...OPTIONS, `${source}/index.html`, "--outdir", scratch];
  const done = run(join(BIN, "bun"), args, { stdio: ["ignore", "ignore", 2] });
  if (done) {
    const made = join(scratch, "index.html");
    writeFileSync(made, finish(readFileSync(made, "utf8")));
    renameSync(made, page);
    writeFileSync(stamp, hash);
  }
  rmSync(scratch, { recursive: true });
  if (!done) fail(`fh: cannot build ${built}/page.html; what bun said stands above`);
}

/** Lets the browser run this one script and use this one style, and fetch nothing at all. */
function withPolicy(html) {
  const [script] = textsOf(html, "script").filter((text) => !text.includes("@FH_DATA@"));
  const [style] = textsOf(html, "style");
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    // The empty icon: browsers ask the server for one otherwise.
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">` +
    '<link rel="icon" href="data:,">';
  const head = /<meta charset="utf-8"\s*\/?>/i;
  if (!head.test(html)) fail("fh: cannot build the page of reports: its head is not as expected");
  // A function, because a text would be searched for `$&`.
  return html.replace(head, (found) => found + meta);
}

/** What stands in the elements of a name. */
function textsOf(html, name) {
  return Array.from(
    html.matchAll(new RegExp(`<${name}[^>]*>([^]*?)</${name}>`, "g")),
    ([, text]) => text,
  );
}

function digest(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

if (isProgram(import.meta.url)) buildPages();
