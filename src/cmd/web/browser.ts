/**
 * Opening the page in a browser, without the token on anybody's command line: every user of the
 * host may read those, and fh records them.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { pause } from "../../steps.ts";

/** A browser has read the file by then. */
const KEPT_MS = 15_000;

/**
 * Opens it by xdg-open(1), through a file that leads there and that nobody else may read. Rejects
 * with CommandError where there is nothing to open it with.
 */
export async function openBrowser(
  { env, signal }: Pick<Context, "env" | "signal">,
  url: string,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fh-web-"));
  try {
    const path = join(folder, "page.html");
    const head = `<meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${url}">`;
    writeFileSync(path, `<!doctype html>${head}<title>fh web</title>\n`, { mode: 0o600 });
    await start(env, path);
    await pause(KEPT_MS, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(env: Context["env"], path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("xdg-open", [path], { env: { ...env }, stdio: "ignore", detached: true });
    child.once("error", () => {
      const what = "Cannot open a browser: there is no xdg-open";
      reject(new CommandError(EXIT.failed, `${what}; open the URL that was printed`));
    });
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}
