/** The reports of dist/fh in the viewers of others: speedscope, in headless Chromium. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { runLines } from "../../src/report/run_file.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { buildSpans } from "../support/build_spans.ts";
import { runFh } from "../support/executable.ts";
import { unless } from "../support/unless.ts";

const CHROMIUM = "/usr/bin/chromium";
const VIEWER = fileURLToPath(
  new URL("../../node_modules/speedscope/dist/release", import.meta.url),
);
const missing = !existsSync(CHROMIUM) ? "no chromium" : existsSync(VIEWER) ? null : "no speedscope";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};
/**
 * Format, the name of the file, what the viewer says of it, and names in what it shows: of Trace
 * Event JSON one lane at a time.
 */
const SHOWN: readonly (readonly [string, file: string, about: RegExp, names: string[]])[] = [
  ["chrome", "build.trace.json", /make -j2 .*\(1\/6\)/, ["c0ffee"]],
  ["speedscope", "build.speedscope.json", /wall \(1\/4\)/, ["make", "cc1", "daemon"]],
  ["folded", "build.folded", /build\.folded/, ["make", "cc1", "daemon"]],
  ["pprof", "build.pb.gz", /build\.pb\.gz/, ["make", "cc1", "daemon"]],
];
const TEXT = "document.body.innerText";

/** Serves the viewer, and the files of a folder below /files/. */
async function withViewer(files: string, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url!, "http://x").pathname);
    const file = path.startsWith("/files/")
      ? join(files, path.slice("/files/".length))
      : join(VIEWER, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test(...unless(missing, "speedscope opens what is written for it and for others"), async () => {
  const folder = temporaryFolder("fh-viewers-");
  const saved = join(folder, "build.jsonl");
  writeFileSync(saved, [...runLines(buildSpans())].join(""));
  for (const [format, file] of SHOWN) {
    const { status, stderr } = runFh([
      "report",
      format,
      "-q",
      "--run",
      saved,
      "-o",
      join(folder, file),
    ]);
    assert.deepEqual([status, stderr], [0, ""]);
  }
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    await withViewer(folder, async (url) => {
      for (const [format, file, about, names] of SHOWN) {
        const page = await browser.newPage();
        const dialogs: string[] = [];
        page.on("dialog", (dialog) => {
          dialogs.push(dialog.message());
          void dialog.dismiss();
        });
        await page.goto(`${url}/#profileURL=${encodeURIComponent(`${url}/files/${file}`)}`);
        await page.waitForFunction(`/Time Order/.test(${TEXT}) && !/Loading/.test(${TEXT})`);
        assert.match(await page.evaluate<string>(TEXT), about, format);
        // The table of functions has the names.
        await page.keyboard.press("3");
        for (const name of names) {
          await page.waitForFunction(`${TEXT}.includes(${JSON.stringify(name)})`);
        }
        assert.match(await page.evaluate<string>(TEXT), /Self/, format);
        assert.deepEqual(dialogs, [], format);
        await page.close();
      }
    });
  } finally {
    await browser.close();
  }
});
