/**
 * `fh log` where no history is: what runs now, from /proc.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { RunningBoot } from "../../model/boot.ts";
import { Change } from "../../model/machine.ts";
import { takeSnapshot } from "../../model/snapshot.ts";
import { readShortBootId } from "../../proc/boot_id.ts";
import type { Users } from "../../proc/passwd.ts";
import { readProcesses, withoutKernelThreads } from "../../proc/processes.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { ByteText } from "../../text/byte_text.ts";
import { JsonLines } from "../../view/json.ts";
import { EventLines } from "../../view/line.ts";
import { readEpoch } from "../boot_time.ts";
import type { Filter } from "../filter.ts";
import { localOffset } from "../local_time.ts";
import { createRedactFrom } from "../redact.ts";
import type { LogOptions } from "./run.ts";

/** Lists the processes that a filter lets pass, oldest first. */
export async function listRunning(
  context: Context,
  options: LogOptions,
  filter: Filter,
  users: Users,
): Promise<number> {
  const reader = openProcfs(context.procRoot);
  const epoch = await readEpoch(context);
  const pids = withoutKernelThreads(reader, reader.pids());
  const processes = takeSnapshot(
    readProcesses(reader, pids),
    createRedactFrom({ redact: [] }),
    new RunningBoot(readShortBootId(reader), epoch),
  );
  const color = useColor(options.color, context.stdout, context.env);
  const lines = options.json
    ? new JsonLines({ source: "poll", users, env: false })
    : new EventLines({ users, color, offsetAt: localOffset, tree: false, dates: true, env: [] });
  const text = new ByteText(64 << 10);
  const change = new Change();
  change.kind = "snapshot";
  for (const process of processes.sort((a, b) => a.born - b.born || a.pid - b.pid)) {
    change.process = process;
    change.time = process.born;
    if (filter.matches(change)) lines.append(change, epoch, text);
  }
  context.stdout.write(text.take());
  await context.stdout.flush();
  return EXIT.done;
}
