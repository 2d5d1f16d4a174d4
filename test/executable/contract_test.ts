/** The fields of what fh prints with `--json`, and the operations of the socket, are a contract. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { assertContract, assertFields } from "../support/contract.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";

const SOURCE = process.geteuid!() === 0 ? "auto" : "poll";
const folder = temporaryFolder("fh-contract-");
const db = join(folder, "history.db");
const socket = join(folder, "fh.sock");
const env = { PATH: process.env["PATH"]!, FH_DB: db, FH_SOCKET: socket };

/** A program that crashes again and again is trouble. */
const LOOP = 'i=0; while [ $i -lt 7 ]; do sh "$0"; sleep 0.2; i=$((i + 1)); done';
const crasher = join(folder, "crasher");
writeFileSync(crasher, "ulimit -c 0\nsleep 0.2\nkill -ABRT $$\n");

/** What is printed, by the name that the list has for it. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  "account": ["account", "--json"],
  "account --by job-name": ["account", "--json", "--by", "job-name"],
  "account --by unit": ["account", "--json", "--by", "unit"],
  "doctor": ["doctor", "--json"],
  "job list": ["job", "list", "--json"],
  "job rule list": ["job", "rule", "list", "--json"],
  "job show": ["job", "show", "nightly", "--json"],
  "listeners": ["listeners", "--json"],
  "log": ["log", "--json", "-e", "fork,exec,exit"],
  "log --tree": ["log", "--json", "--tree"],
  "metrics": ["metrics", "--json"],
  "record --status": ["record", "--status", "--json"],
  "run": ["run", "--json", "--", "sh", "-c", "sh -c 'sleep 0.01; exit 3'; true"],
  "top": ["top", "--json", "-n", "1", "--interval", "1s"],
  "tree": ["tree", "--json", String(process.pid)],
  "trouble": ["trouble", "--json", "--for", "1ms"],
  "watch": ["watch", "--json", "--", "sh", "-c", "sleep 0.01; exit 3"],
  "why": ["why", "--json", String(process.pid)],
};

/** The operations that a server names to whoever asks for one that there is not. */
async function operations(): Promise<string[]> {
  const client = connect(socket);
  client.write('{"op":"dance"}\n');
  let text = "";
  for await (const chunk of client) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  const [, names] = /; know (.*)$/.exec(JSON.parse(text).message)!;
  return names!.split(", ");
}

test("what fh prints as JSON has the fields of the list, the socket its operations", async () => {
  const args = ["--source", SOURCE, "--socket", socket];
  await using _recorder = await startRecorder(db, args, { env });
  await using sleeper = Running.start(["sleep", "60"], { env });
  const pid = String(sleeper.pid);
  for (
    const call of [
      ["job", "create", "nightly"],
      ["job", "add", "nightly", pid],
      ["job", "rule", "add", "nightly", "--exe", "no such program"],
      // It has no children, so the signal that would end it never comes.
      ["register", "--pid", pid, "--sig", "SIGRTMIN+3", "--scope", pid],
    ]
  ) {
    const { status, stderr } = runFh(call, { env });
    assert.equal(status, 0, `${call.join(" ")}: ${stderr}`);
  }
  runProgram("sh", ["-c", LOOP, crasher]);
  for (const [name, call] of Object.entries(PRINTED)) {
    const { stdout, stderr } = runProgram(FH, call, { env });
    // What fh run says is on standard error: standard output is the command's.
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("{"));
    assert.ok(lines.length > 0, `${name}: ${stderr}`);
    assertFields(name, lines);
  }
  assertContract("operations", await operations());
});
