/**
 * A recorder, a gateway and a browser that shows its page.
 *
 * @module
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import process from "node:process";
import { FH, type Place } from "./executable.ts";
import { Running } from "./running.ts";
import { ServerFolder } from "./server.ts";

/** Debian's. */
const CHROMIUM = "/usr/bin/chromium";
const SLOW_MS = 60_000;

/** Starts a gateway; it ends where it does not listen. */
export async function startWeb(args: readonly string[], place: Place = {}): Promise<Running> {
  const web = Running.start([FH, "web", ...args], place);
  return await web.startedWhen("URL", () => web.stdout.endsWith("\n"));
}

/** The URL that a gateway has printed, with its token. */
export function urlOf(web: Running): string {
  return web.stdout.trim().split(" ")[0]!;
}

/** A page, and what it did beside showing itself. */
export interface OpenedPage {
  readonly page: Page;
  /** Addresses of other hosts, errors, and what was written to the console. */
  readonly noise: readonly string[];
}

/** All that it takes; disposing of it ends all of it. */
export class WebHost implements AsyncDisposable {
  readonly folder: ServerFolder;
  readonly #recording: readonly string[];
  recorder: Running;
  readonly web: Running;
  readonly #browser: Browser;

  private constructor(
    recording: readonly string[],
    folder: ServerFolder,
    running: readonly [Running, Running],
    browser: Browser,
  ) {
    this.#recording = recording;
    this.folder = folder;
    [this.recorder, this.web] = running;
    this.#browser = browser;
  }

  /** Starts a recorder with these options, a gateway of its user with those, and a browser. */
  static async open(
    recording: readonly string[],
    optionsOf: (folder: ServerFolder) => readonly string[] = () => [],
  ): Promise<WebHost> {
    const folder = new ServerFolder();
    const recorder = await folder.record(recording);
    const env = { ...process.env, FH_SOCKET: folder.socket, FH_DB: folder.db };
    const web = await startWeb(["--user", "root", ...optionsOf(folder)], { env });
    // As root, and in containers, its sandbox cannot be made; it shows this page only.
    const browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    return new WebHost(recording, folder, [recorder, web], browser);
  }

  /** Ends the recorder, and starts another. */
  async recordAgain(): Promise<void> {
    await this.recorder.end("SIGTERM");
    await this.recorder[Symbol.asyncDispose]();
    this.recorder = await this.folder.record(this.#recording);
  }

  /** Opens the page at a view; the one before is closed. */
  async show(view: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
    for (const before of this.#browser.contexts()) await before.close();
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: "en-US",
      timezoneId: "UTC",
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(SLOW_MS);
    const noise: string[] = [];
    const origin = new URL(urlOf(this.web)).origin;
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`)) noise.push(`request ${request.url()}`);
    });
    page.on("console", (message) => noise.push(`console ${message.text()}`));
    page.on("pageerror", (error) => noise.push(`error ${error.stack ?? error}`));
    await page.goto(`${urlOf(this.web)}&${view}`);
    return { page, noise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.web[Symbol.asyncDispose]();
    await this.recorder[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
