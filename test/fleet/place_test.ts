/** Where a fleet is, and where its password comes from. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError, UsageError } from "../../src/fault.ts";
import { fleetPlace, parseFleet, parseServices } from "../../src/fleet/place.ts";
import { globPattern } from "../../src/fleet/programs.ts";
import { temporaryFolder } from "../support/at_end.ts";

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
    return new URL(fleetPlace(url, env).url).searchParams.get("sslmode");
  };
  assert.equal(mode("postgres://a@h/d"), "verify-full");
  assert.equal(mode("postgres://a@127.0.0.1:5433/d"), "verify-full");
  assert.equal(mode("postgres://a@h/d?sslmode=disable"), "disable");
  assert.equal(mode("postgres://a@h/d", { PGSSLMODE: "require" }), null);
  assert.equal(mode("postgres://a@/d"), null);
  assert.equal(mode("postgres:///d"), null);
  assert.equal(mode("postgres://a@/d?host=/run/pg"), null);
  assert.equal(mode("postgres:///d", { PGHOST: "db" }), "verify-full");
});

test("a socket is meant where no host is named", () => {
  const host = (url: string) => new URL(fleetPlace(url, {}).url).searchParams.get("host");
  assert.equal(host("postgres:///d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d"), "/var/run/postgresql");
  assert.equal(host("postgres://a@/d?host=/run/pg"), "/run/pg");
});

test("a service file and a systemd credential are read", () => {
  const folder = temporaryFolder("fh-place-");
  writeFileSync(join(folder, "services"), "[fleet]\nhost=db\n dbname = f \nuser=web1\n[other]\n");
  writeFileSync(join(folder, "fh-fleet-password"), "secret\n");
  const env = { PGSERVICEFILE: join(folder, "services"), CREDENTIALS_DIRECTORY: folder };
  const { url, password } = fleetPlace("postgres://?service=fleet", env);
  const { pathname, searchParams } = new URL(url);
  assert.equal(pathname, "/f");
  assert.equal(searchParams.get("host"), "db");
  assert.equal(searchParams.get("user"), "web1");
  assert.equal(searchParams.get("sslmode"), "verify-full");
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
