/**
 * Processes for tests to look at.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a shell script with arguments, and `use` once it has written a line, which it is given
 * too; then ends it. The script should then wait in `read x`.
 */
export async function withChild(
  script: string,
  args: readonly string[],
  use: (pid: number, line: string) => void | Promise<void>,
): Promise<void> {
  const child = spawn("/bin/sh", ["-c", script, "sh", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  try {
    const [chunk] = await once(child.stdout, "data");
    await use(child.pid!, String(chunk).trim());
  } finally {
    child.kill("SIGKILL");
    await exit;
  }
}
