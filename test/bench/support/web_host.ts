/**
 * A gateway and a browser, for the section `web`.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Bench } from "./bench.ts";
import { kill, undoAtEnd } from "./cleanup.ts";
import { exited } from "./run.ts";

/** Debian's. */
const CHROMIUM = "/usr/bin/chromium";
const SOURCE = fileURLToPath(new URL("event_source.ts", import.meta.url));

/** A program that has said on its standard output that it is ready. */
export class Ready {
  readonly #child: ChildProcess;
  readonly #undo: () => void;

  private constructor(child: ChildProcess, readonly said: string) {
    this.#child = child;
    this.#undo = undoAtEnd(() => kill(child.pid ?? 0, "SIGKILL"));
  }

  /** Starts it; rejects where it ends without a word. */
  static async start(command: readonly string[]): Promise<Ready> {
    const [program, ...args] = command;
    const child = spawn(program!, args, { stdio: ["ignore", "pipe", "ignore"] });
    const line = once(child.stdout!, "data").then(([chunk]) => String(chunk));
    const end = exited(child).then(() => Promise.reject(new Error(`${program} has ended`)));
    return new Ready(child, await Promise.race([line, end]));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async end(): Promise<void> {
    kill(this.pid, "SIGTERM");
    await exited(this.#child);
    this.#undo();
  }
}

/** Made-up events, so many a second for each who subscribes. */
export async function eventSource(socket: string, perSecond: number): Promise<Ready> {
  rmSync(socket, { force: true });
  return await Ready.start([process.execPath, SOURCE, socket, `${perSecond}`]);
}

/** A gateway that asks whoever listens at `socket`, and pages of it. */
export class WebBench {
  readonly gateway: Ready;
  readonly #browser: Browser;
  readonly #undo: () => void;

  private constructor(gateway: Ready, browser: Browser) {
    this.gateway = gateway;
    this.#browser = browser;
    this.#undo = undoAtEnd(() => void browser.close());
  }

  static async start(bench: Bench, socket: string): Promise<WebBench> {
    const gateway = await Ready.start(
      [bench.fh!, "web", "--user", "root", "--json", "--socket", socket],
    );
    // As root, and in containers, its sandbox cannot be made; it shows this page only.
    const browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    return new WebBench(gateway, browser);
  }

  /** The URL of a view, with the token. */
  url(view: string): string {
    return `${JSON.parse(this.gateway.said).url}&/${view}`;
  }

  /** A page of its own. */
  async open(view: string): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(this.url(view));
    return page;
  }

  /** Asks as the page does, and reads the answer. */
  async ask(op: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    const { url, token } = JSON.parse(this.gateway.said);
    const response = await fetch(new URL(`/api/${op}`, url), {
      method: "POST",
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(params),
    });
    if (response.status !== 200) throw new Error(`${op}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  async end(): Promise<void> {
    await this.#browser.close();
    await this.gateway.end();
    this.#undo();
  }
}
