/**
 * A browser that shows pages from files, and notes what they should not do.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Debian's. */
const CHROMIUM = "/usr/bin/chromium";

/** Why there is no browser; null where there is one. */
export const missingBrowser: string | null = existsSync(CHROMIUM) ? null : "needs chromium";

/** Where pages are, up to closeBrowser(): one file of tests after another may use it. */
let folder: string | null = null;
let browser: Promise<Browser> | null = null;
let pages = 0;

/** A page, and what it did beside showing itself. */
export interface Opened {
  readonly page: Page;
  /** Addresses that it asked for, but for its own file; messages on the console; errors. */
  readonly noise: readonly string[];
  close(): Promise<void>;
}

/** Shows HTML out of a file; `fragment` begins with `#`. */
export async function openPage(
  html: string,
  fragment = "",
  options: BrowserContextOptions = {},
): Promise<Opened> {
  folder ??= mkdtempSync(join(tmpdir(), "fh-page-"));
  const path = join(folder, `${++pages}.html`);
  writeFileSync(path, html);
  const own = pathToFileURL(path).href;
  const context = await (await launched()).newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    timezoneId: "UTC",
    ...options,
  });
  const page = await context.newPage();
  const noise: string[] = [];
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== own) noise.push(`request ${request.url().slice(0, 200)}`);
  });
  page.on("console", (message) => noise.push(`console ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    noise.push(`dialog ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  await page.goto(own + fragment);
  await page.waitForSelector("html[data-ready]");
  return { page, noise, close: () => context.close() };
}

function launched(): Promise<Browser> {
  // As root, and in containers, its sandbox cannot be made; it shows own pages only.
  return browser ??= chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
}

/** Ends the browser, which is to be done when the tests of a file are over. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  if (folder !== null) rmSync(folder, { recursive: true });
  browser = folder = null;
}
