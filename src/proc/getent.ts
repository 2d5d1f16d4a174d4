/**
 * getent(1), which asks the host's name services in a process of its own: their modules are
 * libraries of others, and can take long.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { NameDoor } from "./name_service.ts";

/** Where it stands; the search path of who calls is not to be trusted by root. */
const PLACES = ["/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"] as const;
/** A call in the background is ended after so long. */
const LATER_MS = 5000;
/** No answer is as long. */
const OUTPUT_MAX = 1 << 20;
const ENV = { PATH: "/usr/bin:/bin", LC_ALL: "C" } as const;

/** Whether nsswitch.conf(5) names more than the file that has been read already. */
export function hasNameServices(nsswitch: string): boolean {
  const [, sources = ""] = /^[ \t]*passwd[ \t]*:([^#\n]*)/m.exec(nsswitch) ?? [];
  const names = sources.replace(/\[[^\]]*\]/g, " ").split(/\s+/);
  return names.some((name) => name !== "" && name !== "files");
}

/** Where getent is; null where there is none. */
export function findGetent(): string | null {
  return PLACES.find((path) => existsSync(path)) ?? null;
}

/** Asks by the program at `path`. */
export function openGetent(path: string, laterMs: number = LATER_MS): NameDoor {
  const args = (keys: readonly string[]) => ["passwd", ...keys];
  return {
    now(keys, ms) {
      const { stdout } = spawnSync(path, args(keys), {
        timeout: Math.max(1, Math.ceil(ms)),
        killSignal: "SIGKILL",
        maxBuffer: OUTPUT_MAX,
        stdio: ["ignore", "pipe", "ignore"],
        encoding: "utf8",
        env: ENV,
      });
      return stdout ?? "";
    },
    later: (keys) =>
      new Promise((resolve) => {
        const child = start(path, args(keys));
        if (child === null) {
          resolve("");
          return;
        }
        const timer = setTimeout(() => child.kill("SIGKILL"), laterMs);
        let text = "";
        const end = () => {
          clearTimeout(timer);
          resolve(text);
        };
        child.stdout.setEncoding("utf8");
        child.stdout.on("data", (chunk: string) => {
          if (text.length < OUTPUT_MAX) text += chunk;
        });
        child.on("close", end);
        child.on("error", end);
        // Who has nothing else to do ends without the answer.
        if (child.pid !== undefined) child.unref();
        (child.stdout as typeof child.stdout & { unref?(): void }).unref?.();
        timer.unref();
      }),
  };
}

/** Null where it cannot be started, which one of the runtimes throws at once. */
function start(path: string, args: string[]) {
  try {
    return spawn(path, args, { stdio: ["ignore", "pipe", "ignore"], env: ENV });
  } catch {
    return null;
  }
}
