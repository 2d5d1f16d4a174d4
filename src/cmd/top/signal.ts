/**
 * A signal to one process, and to no other that has its pid by then.
 *
 * @module
 */
import process from "node:process";
import { MemberSignals } from "../../host/members.ts";
import type { Process } from "../../model/process.ts";
import { hasOwnNumbering } from "../../proc/numbering.ts";
import type { ProcReader } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import { signalName } from "../../text/words.ts";

/** Sends it by pidfd; what came of it comes back, for people. */
export async function sendSignal(
  reader: ProcReader,
  { pid, startTicks, image }: Process,
  sig: number,
): Promise<string> {
  const name = signalName(sig);
  if (!hasOwnNumbering(reader, process.pid)) {
    return "Nothing was sent: this /proc is another pid namespace's";
  }
  const signals = await MemberSignals.open((pid) => {
    const bytes = reader.read(pid, "stat");
    return (bytes && parseStat(bytes))?.startTicks ?? null;
  });
  if (signals === null) return "Nothing was sent: this kernel has no pidfds, it takes Linux 5.3";
  const who = `${image.comm ?? "?"} (${pid})`;
  switch (signals.send(pid, startTicks, sig)) {
    case "sent":
      return `${name} was sent to ${who}`;
    case "denied":
      return `Nothing was sent: you may not signal ${who}`;
    case "gone":
      return `Nothing was sent: ${who} has ended`;
  }
}
