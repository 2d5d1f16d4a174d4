/** Histories into a real JetStream: each life once, and what is told where it cannot be. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError, UsageError } from "../../src/fault.ts";
import { GAP_REASON, GAP_WORDS, type SourceEvent } from "../../src/model/event.ts";
import { natsPlace, parseNats, subjectOf } from "../../src/ship/nats/place.ts";
import { SinkAway } from "../../src/ship/sink.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { account, exec, exit, fork, gap, scan } from "../support/events.ts";
import { missingNats, Nats } from "../support/nats.ts";
import { TestRecorder } from "../support/past.ts";
import { shipToUrl } from "../support/stream.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const EACH = 8000;
const ROUNDS = 3;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };

function program(at: number, pid: number, ...argv: string[]): SourceEvent[] {
  return [
    ...[fork(at * S, pid, 1), exec(at * S + 1e6, pid, ...argv)],
    account(at * S + 1e8, pid, { userUs: 7, cpuNs: 7000 }),
    exit(at * S + 1e8, pid, 256),
  ];
}

function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

test("a stream is named by host and name, and a password in the URL is refused", () => {
  const place = natsPlace(parseNats("nats://web1@db.example.org/PROC?subject=a.b"), {});
  const { server, stream, shown, subject, tls, secrets: { user } } = place;
  assert.deepEqual([server, stream, shown, subject, tls, user], [
    ...["db.example.org:4222", "PROC", "nats://db.example.org:4222/PROC", "a.b", true, "web1"],
  ]);
  assert.equal(subjectOf(place, "web1.example org>*"), "a.b.web1_example_org__");
  for (const host of ["localhost", "127.0.0.1:1", "[::1]:1", "db?tls=off"]) {
    const [name, rest = ""] = host.split("?");
    const url = `nats://${name}/S${rest === "" ? "" : `?${rest}`}`;
    assert.equal(natsPlace(url, {}).tls, null, url);
  }
  for (
    const [text, why] of [
      ["nats://a:secret@b/S", /can be read by all/],
      ["nats://b", /names no stream/],
      ["nats://b/a.b", /the stream "a.b"/],
      ["nats:///S", /names no host/],
      ["nats://b/S?tls=on", /tls=on; give \?tls=off/],
      ["nats://b/S?subject=a.*", /the subject "a.\*"/],
      ["nats://b/S?x=1", /"x" is no setting/],
    ] as const
  ) {
    assert.throws(() => parseNats(text), (error) => {
      assert.ok(error instanceof UsageError && !error.message.includes("secret"));
      return why.test(error.message);
    }, text);
  }
});

test(...unless(missingNats, "an ended life is a line of JSON under an id of its own"), async () => {
  await using server = await Nats.start();
  await server.make("PROC");
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a", "\x1b[31m"), fork(3 * S, 101, 1)).flush();
  await shipToUrl(server.url("PROC"), recorder);
  recorder.tell(...program(4, 102, "/bin/b"), ...program(5, 103, "/bin/b")).flush();
  recorder.db.exec("DELETE FROM life WHERE pid = 102");
  recorder.end();
  await shipToUrl(server.url("PROC"), recorder, { argv: false });
  const found = await server.messages("PROC");
  assert.deepEqual(new Set(found.map(({ subject }) => subject)), new Set(["fh.web1"]));
  const [first, gap, second, ...rest] = found.map(({ line }) => line);
  assert.deepEqual(rest, []);
  assert.deepEqual([first.event, first.host, first.pid, first.comm], ["exit", "web1", 100, "a"]);
  assert.deepEqual([first.argv, first.exit_code, first.source], [
    ["/bin/a", "\x1b[31m"],
    1,
    "connector",
  ]);
  assert.deepEqual([gap.event, gap.lost, gap.reason], ["gap", 1, GAP_WORDS[GAP_REASON.unshipped]]);
  assert.deepEqual([second.pid, second.argv, second.comm], [103, null, "b"], "--no-argv holds");
  assert.equal(found[0]!.id, `web1:${first.id}`);
  assert.match(found[1]!.id, /^web1:7c0a51fe-gap-/);
});

test(
  ...unless(missingNats, "a server that is killed in the middle has each life once"),
  async () => {
    await using server = await Nats.start();
    await server.make("PROC");
    using recorder = begun();
    const ending = new AbortController();
    const { signal } = ending;
    let told = "";
    // Two parcels for each round, so that the server goes before, within or after the second.
    const options = { once: false, rate: 20_000, signal };
    const shipping = shipToUrl(server.url("PROC"), recorder, options)
      .catch((error) => told = String(error));
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < EACH; i++) {
        const at = 2 + round * EACH / 100 + i / 100;
        recorder.tell(...program(at, 1000 + round * EACH + i, "/bin/a"));
      }
      recorder.flush();
      for (;;) if (told !== "" || await server.count("PROC") > round * EACH) break;
      await server.kill();
      await server.startAgain();
    }
    recorder.end();
    for (;;) if (told !== "" || await server.count("PROC") >= EACH * ROUNDS) break;
    assert.equal(told, "");
    ending.abort();
    await shipping;
    // Another fh, with what the first has left.
    assert.equal((await shipToUrl(server.url("PROC"), recorder)).lives, 0);
    assert.equal(await server.count("PROC"), EACH * ROUNDS);
  },
);

test(
  ...unless(missingNats, "what was acknowledged and could not be noted is known again"),
  async () => {
    await using server = await Nats.start();
    await server.make("PROC");
    using recorder = begun();
    for (let i = 0; i < 100; i++) recorder.tell(...program(2 + i, 1000 + i, "/bin/a"));
    recorder.end();
    await shipToUrl(server.url("PROC"), recorder);
    const other = { path: recorder.path, folder: `${recorder.folder}/other` };
    assert.equal((await shipToUrl(server.url("PROC"), other)).lives, 100);
    assert.equal(await server.count("PROC"), 100);
  },
);

test(...unless(missingNats, "a command line that is too long for a message is cut"), async () => {
  await using server = await Nats.start("max_payload: 8KB");
  await server.make("PROC");
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a", "\x01".repeat(60_000))).end();
  await shipToUrl(server.url("PROC"), recorder);
  const [{ line } = { line: null }] = await server.messages("PROC");
  assert.ok(line.argv_missing > 59_000 && line.argv[1].length > 100, JSON.stringify(line));
  assert.equal(line.comm, "a");
  await using small = await Nats.start("max_payload: 300");
  await refused(small.url("PROC"), /PROC .* refuses: .*max_payload.*; raise its max_payload$/);
});

test(
  ...unless(missingNats, "what is too long for the stream is cut, and others pass"),
  async () => {
    await using server = await Nats.start();
    await server.make("PROC", { max_msg_size: 2000 });
    using recorder = begun();
    recorder.tell(...program(2, 100, "/bin/a", "x".repeat(3000)));
    recorder.tell(...program(3, 101, "/bin/a", "\x01".repeat(60_000), "y"));
    recorder.tell(...program(4, 102, "/bin/a", "z")).end();
    const { lives, refused } = await shipToUrl(server.url("PROC"), recorder);
    assert.deepEqual([lives, refused], [3, 0]);
    const found = (await server.messages("PROC")).map(({ line }) => line);
    const [short, long, hostile] = [102, 100, 101].map((pid) =>
      found.find((one) => one.pid === pid)
    );
    assert.deepEqual([found.length, short.argv], [3, ["/bin/a", "z"]]);
    assert.ok(long.argv_missing > 0 && long.argv[1].length > 40, JSON.stringify(long));
    assert.ok(
      hostile.argv_missing > 59_000 && hostile.argv[1].length > 20,
      JSON.stringify(hostile),
    );
  },
);

test(
  ...unless(missingNats, "what no cut makes short enough is counted, and left out"),
  async () => {
    await using server = await Nats.start();
    // A gap has no more bytes than that, and a process has.
    await server.make("PROC", { max_msg_size: 400 });
    await refused(server.url("PROC"), /PROC .* refuses: .*; raise its limit$/);
    using recorder = begun();
    recorder.tell(...program(2, 100, "/bin/a"), gap(3 * S, 3, 2.5 * S));
    recorder.tell(...program(4, 101, "/bin/a")).end();
    const notes: string[] = [];
    const told = await shipToUrl(server.url("PROC"), recorder, { notes });
    assert.deepEqual([told.lives, told.refused, notes.length], [2, 2, 1]);
    assert.match(notes[0]!, /PROC .* has refused 2 messages for good, the first of them web1:7c0a/);
    assert.deepEqual((await server.messages("PROC")).map(({ line }) => line.event), ["gap"]);
    assert.equal((await shipToUrl(server.url("PROC"), recorder)).lives, 0);
  },
);

async function refused(
  url: string,
  what: RegExp,
  kind: typeof CommandError = CommandError,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a")).end();
  await assert.rejects(shipToUrl(url, recorder, { env }), (error) => {
    assert.match((error as Error).message, what);
    assert.equal(error instanceof SinkAway, kind === SinkAway, String(error));
    return error instanceof kind;
  });
}

test(...unless(missingNats, "whoever cannot ship is told why, and what to do"), async () => {
  await using server = await Nats.start(
    `accounts { A { jetstream: enabled, users: [{ user: a, password: secret },
      { user: b, password: secret, permissions: { publish: ["$JS.API.>"] } }] },
      N { users: [{ user: n, password: secret }] } }`,
  );
  const env = { NATS_PASSWORD: "secret" };
  const as = (user: string, stream = "PROC", rest = "") =>
    `nats://${user}@127.0.0.1:${server.port}/${stream}${rest}`;
  await refused(as("a"), /no stream PROC; make it: nats stream add PROC/, CommandError, env);
  await refused(as("n"), /has no JetStream for this user; start/, CommandError, env);
  await server.make("PROC", { max_msgs: 1, discard: "new" }, { user: "a", pass: "secret" });
  await server.make("OTHER", { subjects: ["x.>"] }, { user: "a", pass: "secret" });
  await refused(as("a", "OTHER"), /Another stream than OTHER takes fh\.web1/, CommandError, env);
  const takes = /OTHER .* takes x\.> and not y\.web1; add 'y\.>' to it/;
  await refused(as("a", "OTHER", "?subject=y"), takes, CommandError, env);
  await refused(as("a"), /does not let you in: .*; give NATS_CREDS/, CommandError, {});
  const wrong = { NATS_PASSWORD: "guessed" };
  await refused(as("a"), /does not let you in/, CommandError, wrong);
  await refused(as("b"), /is not for this user: .*; let it publish fh\.web1/, CommandError, env);
  using recorder = begun();
  recorder.tell(...program(2, 100, "/bin/a"), ...program(3, 101, "/bin/a")).end();
  await assert.rejects(
    shipToUrl(as("a"), recorder, { env }),
    (error) =>
      error instanceof SinkAway && /PROC .* is full: .*; see its limits/.test(error.message),
  );
  await server.kill();
  await refused(as("a"), /cannot be reached: connection refused; see that it runs/, SinkAway, env);
});

const openssl = spawnSync("openssl", ["version"]).status === 0;

test(
  ...unless(
    missingNats ?? (openssl ? null : "openssl"),
    "a server in the network is trusted by its certificate",
  ),
  async () => {
    const folder = temporaryFolder("fh-nats-tls-");
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const made = spawnSync("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost", "-out", cert, "-keyout", key],
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    await using server = await Nats.start(`tls { cert_file: "${cert}", key_file: "${key}" }`);
    await server.make("PROC", {}, {
      tls: { ca: readFileSync(cert, "utf8") },
      servers: `localhost:${server.port}`,
    });
    using recorder = begun();
    recorder.tell(...program(2, 100, "/bin/a")).end();
    const url = `nats://localhost:${server.port}/PROC`;
    await refused(url, /is not trusted: .*; give its authority by NATS_CA/);
    assert.equal((await shipToUrl(url, recorder, { env: { NATS_CA: cert } })).lives, 1);
    await refused(server.url("PROC"), /is not trusted/, CommandError, { NATS_CA: cert });
    await refused(url, /Cannot read .*nowhere/, CommandError, { NATS_CA: "/nowhere" });
    await using plain = await Nats.start();
    const env = { NATS_CA: cert };
    await refused(plain.url("PROC"), /has no TLS; .*\?tls=off/, CommandError, env);
  },
);
