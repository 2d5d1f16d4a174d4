/**
 * A server of made-up events, as docs/protocol.md has it: so many a second to each who subscribes,
 * for who measures what reads them. `bun test/bench/support/event_source.ts SOCKET PER_SECOND`
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import process from "node:process";

const [path = "", rate = "0"] = process.argv.slice(2);
const TICK_MS = 10;
const BOOT = "7c0a51fe";
const LIFE = {
  ...{ ppid: 4711, parent: `${BOOT}-4711-100`, uid: 1000, user: "builder", comm: "cc1" },
  exe: "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
  cwd: "/home/builder/src/linux",
  ...{ cgroup: "/user.slice", unit: null, container: null },
};
let seq = Date.now() * 1000;

/** A start and an end, as a recorder tells them. */
function pair(pid: number): string {
  const time = new Date().toISOString().replace("Z", "000000Z");
  const id = `${BOOT}-${pid}-${pid * 7}`;
  const argv = ["cc1", "-quiet", "-I", "include", "-O2", `drivers/net/file-${pid}.c`, "-o", "-"];
  const { comm, exe, cwd, ...who } = LIFE;
  const { ppid, parent, uid, user, ...place } = who;
  const fields = { source: "connector", id, pid, ppid, parent, uid, user, comm, exe, argv, cwd };
  const started = { event: "exec", time, ...fields, ...place, seq: ++seq };
  const end = { exit_code: pid % 50 === 0 ? 1 : 0, signal: null, core: false, duration_ns: 12_345 };
  const ended = { event: "exit", time, ...fields, ...place, ...end, seq: ++seq };
  return `${JSON.stringify(started)}\n${JSON.stringify(ended)}\n`;
}

function tell(socket: Socket): void {
  const began = performance.now();
  let told = 0;
  let pid = 0;
  const timer = setInterval(() => {
    const due = (Number(rate) * (performance.now() - began)) / 1000;
    let text = "";
    for (; told + 2 <= due; told += 2) text += pair(pid = pid % 4_000_000 + 1);
    // Who is slow gets a gap from a real server.
    if (text !== "" && socket.writableLength < 8 << 20) socket.write(text);
  }, TICK_MS);
  socket.on("close", () => clearInterval(timer));
}

function answer(socket: Socket, line: string): void {
  const { op, id } = JSON.parse(line);
  const common = { ok: true, op, id, instance: `${BOOT}-811-1034`, boot: BOOT, seq };
  const empty = { events: [], rows: [], findings: [], jobs: [], notes: [], tree: [] };
  socket.write(`${JSON.stringify({ ...common, ...empty })}\n`);
  if (op === "subscribe") tell(socket);
}

createServer((socket) => {
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    for (const line of lines) answer(socket, line);
  });
}).listen(path, () => process.stdout.write("ready\n"));
