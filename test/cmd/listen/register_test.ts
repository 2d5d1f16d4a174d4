import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../../../src/commands.ts";
import { type FakeContext, fakeContext } from "../../support/fake_output.ts";
import { type FakeAnswer, FakeServer, refusal } from "../../support/fake_server.ts";

/** Runs fh on a server that answers so; what it asked, without the number. */
async function fh(answer: FakeAnswer, ...argv: string[]) {
  await using server = await FakeServer.start(() => answer);
  const context: FakeContext = fakeContext({ env: { FH_SOCKET: server.path } });
  const status = await runCli(context, argv);
  const [client] = server.clients;
  const { id: _id, ...asked } = client?.requests[0] ?? {};
  await client?.gone;
  return { status, asked, stdout: context.stdout.text, stderr: context.stderr.text };
}

test("fh register asks for signals, and says what was agreed", async () => {
  const { status, asked, stdout, stderr } = await fh(
    { pid: 4711, sig: 37 },
    ...["register", "--pid", "4711", "--sig", "SIGRTMIN+3"],
  );
  assert.deepEqual(asked, {
    op: "register",
    pid: 4711,
    sig: "SIGRTMIN+3",
    scope: "all",
    exclusive: false,
    threads: false,
  });
  assert.deepEqual([status, stdout], [0, ""]);
  assert.equal(stderr, "fh: pid 4711 gets SIGRTMIN+3 (37) at each fork\n");
});

test("fh register passes every option on", async () => {
  const { asked, stderr } = await fh(
    { pid: 4711, sig: 37 },
    ...["register", "--pid", "4711", "--sig", "37", "--scope", "4700", "--exclusive", "--threads"],
  );
  const parts = { scope: { descendants_of: 4700 }, exclusive: true, threads: true };
  assert.deepEqual(asked, { op: "register", pid: 4711, sig: 37, ...parts });
  assert.equal(
    stderr,
    "fh: pid 4711 gets SIGRTMIN+3 (37) at each fork and new thread by 4700 and its descendants, " +
      "and nobody else is told\n",
  );
});

test("fh register leaves it to the server which signals are right", async () => {
  for (const sig of ["34", "64", "9", "SIGRTMIN", "SIGRTMAX", "SIGRTMAX-2", "SIGKILL"]) {
    const { asked } = await fh({ sig: 34 }, "register", "--pid", "1", "--sig", sig);
    assert.equal(String(asked["sig"]), sig);
  }
  for (const sig of ["", "foo", "3.5", "-1", "SIGRTMIN-1", "sigrtmin"]) {
    const { status, asked } = await fh({}, "register", "--pid", "1", `--sig=${sig}`);
    assert.deepEqual([status, asked], [2, {}], sig);
  }
});

test("fh register and unregister are quiet with -q, and print the answer with --json", async () => {
  for (const argv of [["register", "--sig", "37"], ["unregister"]]) {
    const answer = { pid: 4711, sig: 37, removed: 1 };
    const quiet = await fh(answer, ...argv, "--pid", "4711", "-q");
    assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [0, "", ""]);
    const json = await fh(answer, ...argv, "--pid", "4711", "--json");
    assert.deepEqual([JSON.parse(json.stdout), json.stderr], [answer, ""]);
  }
});

test("fh unregister says whether there was anything to end", async () => {
  const ended = await fh({ removed: 1 }, "unregister", "--pid", "4711");
  assert.deepEqual(ended.asked, { op: "unregister", pid: 4711 });
  assert.deepEqual([ended.status, ended.stderr], [0, "fh: pid 4711 is told of no more forks\n"]);
  const none = await fh({ removed: 0 }, "unregister", "--pid", "4711");
  assert.deepEqual([none.status, none.stderr], [0, "fh: pid 4711 was not registered\n"]);
});

test("what the server refuses is one line with the error's name", async () => {
  const cases: [string, number, number][] = [["EPERM", 1, 1], ["EUSERS", 87, 1], ["ESRCH", 3, 3]];
  for (const [error, errno, expected] of cases) {
    const answer = refusal(error, errno, "Not done: seen\n; do it");
    for (const argv of [["register", "--sig", "37"], ["unregister"]]) {
      const { status, stdout, stderr } = await fh(answer, ...argv, "--pid", "4711");
      assert.deepEqual([status, stdout], [expected, ""]);
      assert.equal(stderr, `fh: Not done: seen\\n; do it (${error})\n`);
    }
  }
});

test("--socket names another server, and one that is not there fails", async () => {
  await using server = await FakeServer.start(() => ({ removed: 1 }));
  const none = `${server.path}.none`;
  const context = fakeContext({ env: { FH_SOCKET: none } });
  const argv = ["unregister", "--pid", "4711"];
  assert.equal(await runCli(context, argv), 1);
  assert.match(context.stderr.text, /^fh: No server: there is no .*\.none; run fh record/);
  assert.equal(await runCli(context, [...argv, "--socket", server.path]), 0);
});

test("a server that goes, or does not answer until Ctrl-C, fails the command", async () => {
  await using server = await FakeServer.start((_, client) => {
    client.socket.destroy();
    return null;
  });
  const context = fakeContext({ env: { FH_SOCKET: server.path } });
  assert.equal(await runCli(context, ["listeners"]), 1);
  assert.match(context.stderr.text, /^fh: The server at .* has gone: .*; see that fh record/);

  const stopped = fakeContext();
  await using silent = await FakeServer.start(() => {
    stopped.abort.abort("SIGINT");
    return null;
  });
  assert.equal(await runCli(stopped, ["listeners", "--socket", silent.path]), 1);
  assert.equal(stopped.stderr.text, `fh: Cannot ask ${silent.path}: stopped by SIGINT\n`);
});
