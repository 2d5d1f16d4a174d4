/**
 * Commands on a host where nothing of what a history tells is left.
 *
 * @module
 */
import type { CommandSpec } from "../../src/cli/command.ts";
import { fakeContext } from "./fake_output.ts";
import { fakeProcfs } from "./fake_procfs.ts";
import { PAST_BOOT } from "./past.ts";

/** What a command has done. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command there; `files` are those of /proc beside the ones of init. */
export async function runAfterwards(
  command: CommandSpec,
  operands: readonly string[],
  options: Record<string, unknown>,
  files: Readonly<Record<string, string>> = { "sys/kernel/random/boot_id": PAST_BOOT },
): Promise<Ran> {
  const { root, remove } = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", start: 0 }], files);
  try {
    const env = { LANG: "C.UTF-8", FH_DB: "/nonexistent/h.db" };
    const context = fakeContext({ procRoot: root, env });
    const status = await command.run(context, operands, { color: "never", ...options });
    return { status, out: context.stdout.text, err: context.stderr.text };
  } finally {
    remove();
  }
}
