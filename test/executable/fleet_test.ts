/** A fleet from the first command to the last, with dist/fh, a real PostgreSQL and real kernels. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "../support/executable.ts";
import { missingPostgres, Postgres, postgresPrograms } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";
import { Running } from "../support/running.ts";
import { until } from "../support/until.ts";

const missing = missingPostgres ?? (process.getuid!() === 0 ? null : "needs root");
const folder = missing === null ? temporaryFolder("fh-fleet-") : "";
const server = missing === null ? new Postgres() : null!;

/** Runs fh with the environment of a host, or of who asks. */
function fh(host: string, ...args: string[]): Outcome {
  return runFh(args, { env: envOf(host) });
}

function envOf(host: string): Record<string, string> {
  const { PATH = "" } = process.env;
  const db = join(folder, host, "history.db");
  return { PATH, HOME: folder, FH_DB: db, FH_FLEET: server.url("owner") };
}

function done({ status, stdout, stderr }: Outcome): string {
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A recorder of a host of its own name; what it sees is this host's. */
async function record(host: string): Promise<Running> {
  mkdirSync(join(folder, host), { mode: 0o700 });
  const recorder = Running.start([FH, "record", "--no-socket"], { env: envOf(host) });
  return await recorder.startedWhen("it records", () => recorder.stderr.includes("recording to"));
}

/** What a distribution has, and tests have not: the commands of a guide are run as they stand. */
const STAND_INS: Readonly<Record<string, string>> = {
  sudo: '[ "$1" != -u ] || { shift 2; export PGUSER=owner; }; exec "$@"',
  "apt-get": ":",
  createdb: 'exec psql -qAtX -d postgres -c "CREATE DATABASE \\"$1\\""',
};

test(
  ...unless(missing, "the five commands of docs/fleet.md make a fleet that answers"),
  async () => {
    const guide = readFileSync(new URL("../../docs/fleet.md", import.meta.url), "utf8");
    const [, block = ""] = /<!-- tested -->\n+```sh\n([^`]*)```/.exec(guide) ?? [];
    const commands = block.trim().split("\n");
    assert.equal(commands.length, 5);
    mkdirSync(join(folder, "web1"), { mode: 0o700 });
    const bin = temporaryFolder("fh-fleet-bin-");
    symlinkSync(FH, join(bin, "fh"));
    for (const [name, script] of Object.entries(STAND_INS)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const own = envOf("web1");
    const env = {
      ...own,
      PATH: `${bin}:${postgresPrograms}:${own["PATH"]}`,
      PGHOST: server.folder,
      FH_SOCKET: join(folder, "web1.sock"),
    };
    // A person types no faster than that a recorder has begun.
    const typed = commands.flatMap((line) => [
      ...[line, `[ $? = 0 ] || exit 1`],
      ...line.includes("&  ") ? [`until [ -s ${own["FH_DB"]}-wal ]; do sleep 0.1; done`] : [],
    ]);
    const script = [...typed, "kill -INT $!", "wait $!"].join("\n");
    await using typing = Running.start(["sh", "-c", script], { env });
    const ran = await typing.end();
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^web1 .* root$/m);
    const url = server.url("owner").replace("/postgres?", "/fleet?");
    const told = JSON.parse(done(runFh(["fleet", "status", "--json", "--fleet", url], { env })));
    assert.equal(told.hosts.length, 1);
    assert.equal(told.hosts[0].forgotten, 0);
  },
);

test(
  ...unless(missing, "every life and every chain is in the fleet as the host has it"),
  async () => {
    done(fh("web2", "fleet", "init", "--host", "web2", "-q"));
    await using recorder = await record("web2");
    const to = ["ship", "--to", server.url("web2"), "--host-name", "web2"];
    await using shipper = Running.start([FH, ...to], { env: envOf("web2") });
    const script = "for i in 1 2 3 4 5 6 7 8; do sh -c \"sh -c 'true $i; exit 3'; true\"; done";
    runProgram("sh", ["-c", script]);
    server.stop("immediate");
    runProgram("sh", ["-c", script]);
    server.start();
    runProgram("sh", ["-c", script]);
    await recorder.end("SIGINT");
    const lines = (...args: string[]) => {
      // Names of users are those of each host.
      const told = done(fh("web2", "log", "-e", "fork,exec,exit", ...args));
      return told.replaceAll(/"user":(?:null|"[^"]*"),/g, "");
    };
    const all = ["--since", "1h", "--json"];
    const own = lines(...all);
    assert.ok(own.split("\n").length > 100);
    const shipped = () => lines(...all, "--host", "web2").replaceAll(',"host":"web2"', "");
    const count = new DatabaseSync(envOf("web2")["FH_DB"]!)
      .prepare("SELECT count(*) AS n FROM life").get()!["n"];
    const there =
      "SELECT count(*) FROM fh.life l JOIN fh.host h ON h.id = l.host WHERE name = 'web2'";
    await until(() => server.ask(there) === String(count));
    await until(() => !server.ask(`${there} AND span IS NULL AND waiting > 0`).startsWith("1"));
    await shipper.end("SIGINT");
    done(fh("web2", ...to, "--once"));
    assert.deepEqual(shipped().split("\n").sort(), own.split("\n").sort());
    const [failed] = own.split("\n").filter((line) => line.includes('"exit_code":3'))
      .map((line) => JSON.parse(line) as { id: string });
    const why = (...args: string[]) => {
      const { chain, cost } = JSON.parse(done(fh("web2", "why", "--json", ...args)));
      return chain.map((one: Record<string, unknown>) => {
        const { host: _, user: _1, state: _2, notes: _3, started, ...rest } = one;
        // Of who lives, the host tells the start by the clock as it stands now.
        return rest["ended"] === null ? rest : { ...rest, started };
      }).concat(cost);
    };
    assert.deepEqual(why(`web2:${failed!.id}`), why("--db", envOf("web2")["FH_DB"]!, failed!.id));
  },
);

test(...unless(missing, "a fleet tells what is rare, and what a host alone runs"), () => {
  done(fh("web2", "fleet", "init", "--host", "web3", "-q"));
  const to = ["ship", "--to", server.url("web3"), "--host-name", "web3", "--once", "--db"];
  done(fh("web3", ...to, envOf("web2")["FH_DB"]!));
  const rare = fh("web1", "fleet", "rare", "--since", "2d", "--hosts", "2", "--host", "web[^1]");
  assert.equal(rare.status, 3, "a glob is no regular expression");
  const found = done(fh("web1", "fleet", "rare", "--since", "2d", "--hosts", "3", "--json"));
  assert.ok(found.trim().split("\n").some((line) => JSON.parse(line).comm === "sh"));
  const own = fh("web1", "fleet", "compare", "web3", "--with", "web2");
  assert.equal(own.status, 3, own.stdout);
  assert.match(own.stderr, /web3 ran nothing that its peers did not/);
  assert.equal(fh("web1", "fleet", "compare", "nobody").status, 3);
  assert.equal(fh("web1", "log", "--host", "nobody").status, 3);
});

test(...unless(missing, "options that do not go together are refused"), () => {
  const refused = (...args: string[]) => {
    const { status, stderr } = fh("web1", ...args);
    assert.equal(status, 2, stderr);
    return stderr;
  };
  assert.match(refused("tree", "--host", "x", "--watch"), /--watch with a fleet/);
  assert.match(refused("top", "--host", "x", "--pid", "1"), /--pid with a fleet/);
  assert.match(refused("top", "--by", "host"), /together with --host only/);
  assert.match(refused("web", "--host", "x", "--db", "y"), /--db with a fleet/);
  assert.match(refused("log", "--host", "x", "--db", "y"), /--db with a fleet/);
  assert.match(refused("job", "show", "x:y", "--watch"), /--watch with a fleet/);
  assert.match(refused("log", "--fleet", "postgres://a:secret@b/c"), /can be read by all/);
  assert.match(refused("log", "--fleet", "mysql://b/c"), /Bad database/);
  assert.match(refused("fleet", "prune"), /Missing option: --keep/);
  assert.match(refused("fleet", "init", "--plain", "--timescale"), /give one of them/);
  assert.match(refused("record", "--ship-filter", "--failed"), /Missing option: --ship-to/);
  assert.match(refused("record", "--ship-to", "postgres://a:secret@b/c"), /can be read by all/);
  assert.match(refused("record", "--print-unit", "--ship-to", "postgres://b/c"), /with others/);
  assert.match(refused("ship", "--ship-filter", "-p 1"), /Bad filter: .*as in fh log/);
  assert.match(refused("ship", "--ship-filter", "-u no-such-user"), /no-such-user/);
});
