/** Where a fleet is, and where its password comes from. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CommandError, UsageError } from "../../src/fault.ts";
import { passwordIn } from "../../src/fleet/pass_file.ts";
import { fleetPlace, parseFleet, parseServices } from "../../src/fleet/place.ts";
import { globPattern } from "../../src/fleet/programs.ts";
import { openUsers } from "../../src/proc/users.ts";
import { temporaryFolder } from "../support/at_end.ts";

const userOfHere = openUsers().name(process.geteuid!());

test("a password is refused where everybody could read it", () => {
  for (const url of ["postgres://a:b@h/d", "postgresql://h/d?password=x"]) {
    assert.throws(() => parseFleet(url), UsageError);
  }
  for (const url of ["mysql://h/d", "h/d", "", "postgres"]) {
    assert.throws(() => parseFleet(url), UsageError);
  }
  assert.equal(parseFleet("postgres://a@h/d"), "postgres://a@h/d");
});

test("over a network the certificate is checked, unless somebody says otherwise", () => {
  const mode = (url: string, env = {}) => {
    const { ssl } = fleetPlace(url, env);
    if (ssl === false) return "off";
    if (ssl.rejectUnauthorized === false) return "any";
    return ssl.checkServerIdentity === undefined ? "name" : "authority";
  };
  assert.equal(mode("postgres://a@h/d"), "name");
  assert.equal(mode("postgres://a@127.0.0.1:5433/d"), "name");
  assert.equal(mode("postgres://a@h/d?sslmode=disable"), "off");
  assert.equal(mode("postgres://a@h/d?sslmode=verify-ca"), "authority");
  assert.equal(mode("postgres://a@h/d", { PGSSLMODE: "require" }), "any");
  assert.equal(mode("postgres://a@h/d?sslmode=verify-full", { PGSSLMODE: "require" }), "name");
  assert.equal(mode("postgres:///d", { PGHOST: "db" }), "name");
  for (const url of ["postgres://a@/d", "postgres:///d", "postgres://a@/d?host=/run/pg"]) {
    assert.equal(mode(url), "off");
    assert.equal(mode(url, { PGSSLMODE: "require" }), "off", "as libpq: never over a socket");
  }
  // What is empty is not set, and what nobody knows is no reason to send in plain text.
  assert.equal(mode("postgres://a@h/d", { PGSSLMODE: "" }), "name");
  assert.equal(mode("postgres://a@h/d?ssl=false"), "name");
  for (const other of ["prefer", "allow", "verify_full", "no-verify"]) {
    assert.throws(() => mode(`postgres://a@h/d?sslmode=${other}`), UsageError);
    assert.throws(() => mode("postgres://a@h/d", { PGSSLMODE: other }), UsageError);
  }
});

test("files for TLS come from the URL, the environment, or where libpq has them", () => {
  const home = temporaryFolder("fh-place-");
  mkdirSync(join(home, ".postgresql"));
  for (const name of ["root.crt", "postgresql.crt", "postgresql.key"]) {
    writeFileSync(join(home, ".postgresql", name), `own ${name}`);
  }
  writeFileSync(join(home, "other"), "other");
  const ssl = (rest: string, env = {}) => {
    const found = fleetPlace(`postgres://a@h/d${rest}`, env).ssl;
    return found === false ? {} : found;
  };
  const own = ssl("", { HOME: home });
  assert.deepEqual(own.ca, ["own root.crt"]);
  assert.deepEqual([own.cert, own.key], ["own postgresql.crt", "own postgresql.key"]);
  const other = join(home, "other");
  assert.deepEqual(ssl("", { HOME: home, PGSSLROOTCERT: other }).ca, ["other"]);
  assert.deepEqual(ssl(`?sslrootcert=${other}`, { PGSSLROOTCERT: "/none" }).ca, ["other"]);
  assert.notDeepEqual(ssl("?sslrootcert=system", { HOME: home }).ca, ["own root.crt"]);
  const asked = ssl(`?sslmode=require&sslrootcert=${other}`);
  assert.equal(asked.rejectUnauthorized, undefined, "an authority that is named is asked");
  assert.throws(() => ssl(`?sslkey=${home}/none`), /Cannot read .*none: ENOENT; .* sslkey$/);
});

test("the user is that of the URL, of the environment, or the one of this process", () => {
  const user = (url: string, env = {}) => {
    const { username, searchParams } = new URL(fleetPlace(url, env).url);
    return username || searchParams.get("user");
  };
  assert.equal(user("postgres://a@h/d", { PGUSER: "b" }), "a");
  assert.equal(user("postgres://h/d", { PGUSER: "b" }), "b");
  assert.equal(user("postgres:///d?user=c", { PGUSER: "b" }), "c");
  assert.equal(user("postgres:///d", { USER: "somebody" }), userOfHere);
});

test("a socket is meant where no host is named", () => {
  const host = (url: string) => new URL(fleetPlace(url, {}).url).searchParams.get("host");
  assert.equal(host("postgres:///d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d?host=/run/pg"), "/run/pg");
  const { ssl, shown } = fleetPlace("postgres://a@%2Frun%2Fpg:5433/d", {});
  assert.deepEqual([ssl, shown], [false, "/run/pg/d"], "as libpq writes it");
  assert.throws(() => parseFleet("postgres://a@%zz/d"), UsageError);
});

test("a service file and a systemd credential are read", () => {
  const folder = temporaryFolder("fh-place-");
  writeFileSync(join(folder, "services"), "[fleet]\nhost=db\n dbname = f \nuser=web1\n[other]\n");
  writeFileSync(join(folder, "fh-fleet-password"), "secret\n");
  const env = { PGSERVICEFILE: join(folder, "services"), CREDENTIALS_DIRECTORY: folder };
  const { url, password, ssl } = fleetPlace("postgres://?service=fleet", env);
  const { pathname, searchParams } = new URL(url);
  assert.equal(pathname, "/f");
  assert.equal(searchParams.get("host"), "db");
  assert.equal(searchParams.get("user"), "web1");
  assert.notEqual(ssl, false);
  assert.equal(password, "secret");
  assert.throws(() => fleetPlace("postgres://?service=none", env), CommandError);
  assert.deepEqual([...parseServices("x=1\n[a]\nb=c=d\n#e=f").get("a")!], [["b", "c=d"]]);
});

test("a glob of hosts is no regular expression", () => {
  const matches = (glob: string, name: string) => new RegExp(globPattern(glob)).test(name);
  assert.ok(matches("web*", "web17") && matches("web?", "web1") && matches("*", ""));
  assert.ok(!matches("web", "web1") && !matches("w.b", "web") && !matches("[w]eb", "web"));
  assert.ok(matches("a(b|c)$", "a(b|c)$"));
});

test("a password file is read as libpq reads it", () => {
  const text = "#db:*:*:*:no\nshort\ndb:5432:f:web1:one\n*:*:f:a\\:b:t\\:w\\\\o\n" +
    "localhost:*:*:web1:here\r\n/run/pg:*:*:web2:there\n*:5433:*:*:\n";
  const password = (host: string, port: string, database: string, user: string) =>
    passwordIn(text, { host, port, database, user });
  assert.equal(password("db", "5432", "f", "web1"), "one");
  assert.equal(password("db", "5432", "g", "web1"), null);
  assert.equal(password("any", "1", "f", "a:b"), "t:w\\o");
  assert.equal(password("/run/pg", "1", "x", "web1"), "here");
  assert.equal(password("/run/pg", "1", "x", "web2"), "there");
  assert.equal(password("any", "5433", "x", "y"), "");
  const folder = temporaryFolder("fh-place-");
  const path = join(folder, "pass");
  writeFileSync(path, "db:5432:web1:web1:secret\n", { mode: 0o600 });
  const found = (env = {}) =>
    fleetPlace("postgres://web1@db", { PGPASSFILE: path, ...env }).password;
  assert.equal(found(), "secret");
  assert.equal(found({ PGPASSWORD: "other" }), "other");
  chmodSync(path, 0o640);
  assert.equal(found(), null, "others could read it");
});
