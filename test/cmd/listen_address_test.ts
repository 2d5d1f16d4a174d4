import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../src/cmd/listen_address.ts";
import { runCli } from "../../src/commands.ts";
import { EXIT, UsageError } from "../../src/fault.ts";
import { fakeContext } from "../support/fake_output.ts";

test("a port alone is one of this host, all else is named", () => {
  const local = (port: number) => ({ host: "127.0.0.1", port });
  for (
    const [text, place] of [
      ["9811", local(9811)],
      [":9811", local(9811)],
      ["localhost:0", local(0)],
      ["127.0.0.1:65535", local(65_535)],
      ["10.0.0.5:9811", { host: "10.0.0.5", port: 9811 }],
      ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
      ["[::1]:9811", { host: "::1", port: 9811 }],
      ["[::]:9811", { host: "::", port: 9811 }],
      ["unix:/run/fh/m.sock", { path: "/run/fh/m.sock" }],
      ["unix:m:1", { path: "m:1" }],
    ] as const
  ) assert.deepEqual(parseAddress(text), place, text);
});

test("what is no address is refused", () => {
  for (
    const text of [
      "",
      "unix:",
      "65536",
      "99999999",
      "-1",
      "9811 ",
      "::1:9811",
      "[10.0.0.5]:9811",
      "example.org:9811",
      "300.0.0.1:9811",
      "127.0.0.1",
      "127.0.0.1:",
      "http://127.0.0.1:9811",
      "[::1%lo]x:1",
      "/run/fh/m.sock",
    ]
  ) assert.throws(() => parseAddress(text), UsageError, text);
});

test("a bad address is wrong usage before anything is recorded", async () => {
  const context = fakeContext();
  assert.equal(await runCli(context, ["record", "--metrics", "here"]), EXIT.usage);
  assert.equal(
    context.stderr.text,
    "fh: Bad address: here; give a port, ADDRESS:PORT with an IP address, or unix:PATH\n",
  );
  const unit = fakeContext();
  assert.equal(await runCli(unit, ["record", "--print-unit", "--metrics", "1"]), EXIT.usage);
});
