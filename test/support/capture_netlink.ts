/**
 * Makes a fixture of proc connector datagrams, as root in the initial namespaces:
 *
 * ```sh
 * bun test/support/capture_netlink.ts "COMMAND" > test/fixtures/netlink/NAME.hex
 * ```
 *
 * The datagrams of the command's processes only, one a line, in order of arrival.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { release } from "node:os";
import process from "node:process";
import { openLibc } from "../../ffi/mod.ts";
import { SOCKET } from "../../ffi/linux.ts";
import { listen } from "../../src/source/listen.ts";
import {
  decodeProcEvent,
  encodeMcastOp,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../../src/wire/proc_event.ts";

/** Datagrams of the processes that `command` starts, run by sh. */
async function captureDatagrams(command: string): Promise<Uint8Array[]> {
  const libc = await openLibc();
  const { truth, early } = listen(libc, () => null);
  const child = spawn("sh", ["-c", command], { stdio: "ignore" });
  await once(child, "exit");
  const slots = libc.datagrams(1024, 128);
  const kept = new Set([child.pid!]);
  const event = new ProcDatagram();
  const found = early.filter((bytes) =>
    decodeProcEvent(new DataView(bytes.buffer), 0, bytes.length, event) &&
    event.what === PROC_EVENT.NONE
  );
  for (let received = 1; received > 0;) {
    received = libc.recvmmsg(truth, slots, SOCKET.MSG_DONTWAIT);
    for (let slot = 0; slot < received; slot++) {
      const [at, length] = [slot * slots.size, slots.length(slot)];
      if (!decodeProcEvent(slots.bytes, at, length, event)) continue;
      const fork = event.what === PROC_EVENT.FORK;
      const [pid, child] = [event.words[1]!, event.words[3]!];
      if (fork && kept.has(pid)) kept.add(child);
      if (!kept.has(pid) && !(fork && kept.has(child))) continue;
      found.push(new Uint8Array(slots.bytes.buffer, at, length).slice());
    }
  }
  libc.send(truth, encodeMcastOp(PROC_CN_MCAST.IGNORE, 0), 0);
  libc.close(truth);
  return found;
}

const command = process.argv[2] ?? "true";
const lines = (await captureDatagrams(command)).map((bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
);
process.stdout.write(
  [
    `# kernel ${release()} ${process.arch}`,
    `# made by: sh -c ${JSON.stringify(command)}`,
    "# captured with: test/support/capture_netlink.ts; the first line is the answer to LISTEN",
    ...lines,
  ].join("\n") + "\n",
);
