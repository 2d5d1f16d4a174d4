/** Where there are too few descriptors, something is refused or found later; nothing ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FH } from "../support/executable.ts";
import { Running, runs } from "../support/running.ts";
import { ask, ServerFolder } from "../support/server.ts";

// deno-lint-ignore no-explicit-any
type Line = any;

/** The runtime alone takes some fifty. */
const FEW = 120;
const limited = (...command: readonly string[]) => [
  ...["sh", "-c", `ulimit -n ${FEW}; exec "$@"`, "sh"],
  ...command,
];

test("the poll source outlives more processes than it may open, and says so", async () => {
  await using watch = Running.start(
    limited(FH, "watch", "--source", "poll", "--json", "-e", "fork,exit"),
  );
  await watch.until("the source", () => watch.stderr.includes("source poll"));
  await using family = Running.start([
    "sh",
    "-c",
    `for i in $(seq 150); do sleep 0.01; sleep 60 & done; echo begun; read -r x; kill $(jobs -p)`,
  ]);
  await family.wrote("begun\n");
  await watch.until("a note", () => watch.stderr.includes("more processes run than descriptors"));
  family.tell("end");
  await family.end();
  // Ends are told all the same: of those that were seen to begin, none runs.
  const pids = (kind: string) =>
    (watch.events as Line[]).filter(({ event, ppid }) => event === kind && ppid === family.pid)
      .map(({ pid }) => pid);
  await watch.until("ends", () => {
    const ended = new Set(pids("exit"));
    return pids("fork").length > 0 && pids("fork").every((pid) => runs(pid) || ended.has(pid));
  });
  assert.equal((await watch.end("SIGTERM")).status, 0);
});

test("who takes all descriptors by connecting is refused some; the server lives", async () => {
  for (const source of ["poll", "auto"]) {
    using folder = new ServerFolder();
    await using serve = Running.start(
      limited(FH, "serve", "--source", source, "--socket", folder.socket),
    );
    await serve.until("a socket", () => serve.stderr.includes("listening on"));
    const many: Socket[] = [];
    for (let n = 0; n < 2 * FEW; n++) {
      const socket = createConnection(folder.socket).on("error", () => {});
      await Promise.race([once(socket, "connect").catch(() => {}), delay(1000)]);
      many.push(socket);
    }
    assert.ok(runs(serve.pid), serve.stderr);
    for (const socket of many) socket.destroy();
    const late = performance.now() + 20_000;
    for (;; await delay(20)) {
      const answer = await ask(folder.socket, "hello").catch(() => null);
      if (answer?.ok) break;
      assert.ok(performance.now() < late, serve.stderr);
    }
    assert.equal((await serve.end("SIGTERM")).status, 0);
  }
});
