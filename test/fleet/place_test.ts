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
  assert.equal(mode("postgres://a@h/d?sslmode=verify-ca&sslrootcert=/dev/null"), "authority");
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
  assert.ok(ssl("?sslmode=verify-ca", { HOME: home }).checkServerIdentity !== undefined);
});

test("who looks at no name names an authority: the system's sign for anybody", () => {
  const refused = /^UsageError: Bad sslmode: .* give sslrootcert=FILE, or sslmode=verify-full$/;
  for (const rest of ["verify-ca", "verify-ca&sslrootcert=system", "require&sslrootcert=system"]) {
    assert.throws(() => fleetPlace(`postgres://a@h/d?sslmode=${rest}`, {}), refused, rest);
    assert.equal(fleetPlace(`postgres:///d?sslmode=${rest}`, {}).ssl, false, "none over a socket");
  }
  const env = { PGSSLMODE: "verify-ca", PGSSLROOTCERT: "system" };
  assert.throws(() => fleetPlace("postgres://a@h/d", env), refused);
  assert.notEqual(fleetPlace("postgres://a@h/d?sslrootcert=system", {}).ssl, false);
});

test("the user is that of the URL, of the environment, or the one of this process", () => {
  const user = (url: string, env = {}) => fleetPlace(url, env).user;
  assert.equal(user("postgres://a@h/d", { PGUSER: "b" }), "a");
  assert.equal(user("postgres://h/d", { PGUSER: "b" }), "b");
  assert.equal(user("postgres:///d?user=c", { PGUSER: "b" }), "c");
  assert.equal(user("postgres:///d", { USER: "somebody" }), userOfHere);
});

test("a socket is meant where no host is named", () => {
  const host = (url: string, env = {}) => fleetPlace(url, env).host;
  assert.equal(host("postgres:///d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d?host=/run/pg"), "/run/pg");
  assert.equal(host("postgres://a@?host=/run/pg"), "/run/pg");
  assert.equal(host("postgres://a@/d", { PGHOST: "/run/pg" }), "/run/pg");
  const { ssl, shown } = fleetPlace("postgres://a@%2Frun%2Fpg:5433/d", {});
  assert.deepEqual([ssl, shown], [false, "/run/pg/d"], "as libpq writes it");
  assert.throws(() => parseFleet("postgres://a@%zz/d"), UsageError);
});

test("a service file and a systemd credential are read", () => {
  const folder = temporaryFolder("fh-place-");
  writeFileSync(join(folder, "services"), "[fleet]\nhost=db\n dbname = f \nuser=web1\n[other]\n");
  writeFileSync(join(folder, "fh-fleet-password"), "secret\n");
  const env = { PGSERVICEFILE: join(folder, "services"), CREDENTIALS_DIRECTORY: folder };
  const { host, user, database, password, ssl } = fleetPlace("postgres://?service=fleet", env);
  assert.deepEqual([host, user, database], ["db", "web1", "f"]);
  assert.notEqual(ssl, false);
  assert.equal(password, "secret");
  assert.throws(() => fleetPlace("postgres://?service=none", env), CommandError);
  assert.deepEqual([...parseServices("x=1\n[a]\nb=c=d\n#e=f").get("a")!], [["b", "c=d"]]);
});

test("what a URL says goes before its service, and that before the environment", () => {
  const folder = temporaryFolder("fh-place-");
  const services = join(folder, "services");
  const own = "host=db\nport=5433\nuser=web1\ndbname=f\nsslmode=disable\npassword=s\n";
  writeFileSync(services, `[fleet]\n${own}`);
  const env = {
    ...{ PGSERVICEFILE: services, PGSERVICE: "fleet", PGHOST: "no", PGPORT: "1", PGUSER: "no" },
    ...{ PGDATABASE: "no", PGPASSWORD: "no" },
  };
  const place = (url: string) => {
    const { host, port, user, database, password, shown } = fleetPlace(url, env);
    return [host, port, user, database, password, shown];
  };
  assert.deepEqual(place("postgres://"), ["db", 5433, "web1", "f", "s", "db:5433/f"]);
  assert.deepEqual(place("postgres://h:7"), ["h", 7, "web1", "f", "s", "h:7/f"]);
  assert.deepEqual(place("postgres://ann@/d"), ["db", 5433, "ann", "d", "s", "db:5433/d"]);
  assert.deepEqual(place("postgres://ann@:9/d"), ["db", 9, "ann", "d", "s", "db:9/d"]);
  // Of what a URL says twice, the later counts.
  const twice = place("postgres://ann@h:7/d?host=i&port=8&user=b&dbname=e");
  assert.deepEqual(twice, ["i", 8, "b", "e", "s", "i:8/e"]);
  const [, , , , password] = place("postgres://ann:a%3A+b@h/d");
  assert.equal(password, "a:+b", "of a variable that nobody else can read");
});

test("addresses and escapes in a URL are what they stand for", () => {
  const { host, port, shown } = fleetPlace("postgres://a@[fe80::1]:5433/d", {});
  assert.deepEqual([host, port, shown], ["fe80::1", 5433, "[fe80::1]:5433/d"]);
  const { user, database, more } = fleetPlace(
    "postgres://a%40b@h/x%2Fy?options=-c%20geqo=off&application_name=a+b&stream=1",
    {},
  );
  assert.deepEqual([user, database], ["a@b", "x/y"]);
  assert.deepEqual(more, { application_name: "a+b", options: "-c geqo=off" });
  assert.throws(() => parseFleet("postgres://:secret@h/d"), /^UsageError: .* can be read by all/);
  for (const url of ["postgres://a:%zz@h/d", "postgres://a:secret@h:x/d", "postgres://h/%zz"]) {
    assert.throws(() => fleetPlace(url, {}), (error) => {
      return error instanceof UsageError && !/secret/.test(error.message);
    });
  }
});

test("a glob of hosts is no regular expression", () => {
  const matches = (glob: string, name: string) => new RegExp(globPattern(glob)).test(name);
  assert.ok(matches("web*", "web17") && matches("web?", "web1") && matches("*", ""));
  assert.ok(!matches("web", "web1") && !matches("w.b", "web") && !matches("[w]eb", "web"));
  assert.ok(matches("a(b|c)$", "a(b|c)$"));
});

test("a password file is read as libpq reads it", () => {
  const text = "#db:*:*:*:no\nshort\ndb:5432:f:web1:one\n*:*:f:a\\:b:t\\:w\\\\o\n" +
    "localhost:*:*:web1:here\r\n/run/pg:*:*:web2:there\n*:5433:*:*:\n*:5434:*:*:end\\\n";
  const password = (host: string, port: string, database: string, user: string) =>
    passwordIn(text, { host, port, database, user });
  assert.equal(password("db", "5432", "f", "web1"), "one");
  assert.equal(password("db", "5432", "g", "web1"), null);
  assert.equal(password("any", "1", "f", "a:b"), "t:w\\o");
  assert.equal(password("localhost", "1", "x", "web1"), "here");
  assert.equal(password("/run/pg", "1", "x", "web1"), null, "another server of this host");
  assert.equal(password("/run/pg", "1", "x", "web2"), "there");
  assert.equal(password("any", "5433", "x", "y"), "");
  assert.equal(password("any", "5434", "x", "y"), "end\\");
  const folder = temporaryFolder("fh-place-");
  const path = join(folder, "pass");
  const lines = "db:5432:web1:web1:secret\nlocalhost:5432:web1:web1:socket\n";
  writeFileSync(path, lines, { mode: 0o600 });
  const found = (env = {}, url = "postgres://web1@db") =>
    fleetPlace(url, { PGPASSFILE: path, ...env }).password;
  assert.equal(found(), "secret");
  assert.equal(found({ PGPASSWORD: "other" }), "other");
  assert.equal(found({ PGPASSWORD: "" }), "secret");
  assert.equal(found({ PGPASSFILE: "/none" }, `postgres://web1@db?passfile=${path}`), "secret");
  assert.equal(found({}, "postgres://web1@/"), "socket", "the default folder of sockets");
  assert.equal(found({}, "postgres://web1@/?host=/tmp"), null);
  chmodSync(path, 0o640);
  assert.equal(found(), null, "others could read it");
});
