import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningBoot } from "../../src/model/boot.ts";
import { Machine } from "../../src/model/machine.ts";
import type { Process } from "../../src/model/process.ts";
import { Users } from "../../src/proc/passwd.ts";
import { argvFields } from "../../src/text/argv_fields.ts";
import { lifeFields, userFields } from "../../src/text/process_fields.ts";
import { WallClock } from "../../src/text/time.ts";
import { JsonLines } from "../../src/view/json.ts";
import { exec, exit, fork, scan } from "../support/events.ts";

const T = 10_000_000;
const EPOCH = { seconds: 1_700_000_000, ns: 999_999_999 };
const USERS = new Users(() => "root:x:0:0::/root:/bin/sh\n", () => 0);

test("a stream's line of an exit and the fields of its process say the same", () => {
  const told: [Process, Record<string, unknown>][] = [];
  const lines = new JsonLines({ source: "connector", users: USERS, env: false });
  const machine = new Machine({
    boot: new RunningBoot("0a1b2c3d", EPOCH),
    onChange: (change) => {
      if (change.kind === "exit") {
        told.push([change.process!, JSON.parse(lines.line(change, EPOCH))]);
      }
    },
  });
  const shell = scan(T, 2 * T, [{ pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] }]);
  const events = [
    ...shell,
    fork(3 * T, 60, 50),
    exec(3 * T + 5, 60, "/bin/false", "--it"),
    exit(3 * T + 77, 60, 0x100),
    fork(4 * T, 61, 50),
    exit(4 * T + 5, 61, 0x8b),
  ];
  for (const event of events) machine.step(event);
  const seen = told.map(([process, line]) => {
    const { state, started, ended, ...end } = lifeFields(process, new WallClock());
    const fields = { ...userFields(process.uid, USERS), ...argvFields(process.image), ...end };
    for (const [name, value] of Object.entries(fields)) assert.deepEqual(value, line[name], name);
    assert.deepEqual([state, ended], ["exited", line["time"]]);
    return [started, end.exit_code, end.signal];
  });
  assert.deepEqual(seen, [
    ["2023-11-14T22:13:21.029999999Z", 1, null],
    ["2023-11-14T22:13:21.039999999Z", null, "SIGSEGV"],
  ]);
});
