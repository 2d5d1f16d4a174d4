/** What is said where a fleet knows nothing of the hosts that somebody means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { usersElsewhere } from "../../src/cmd/asking.ts";
import { parseUser } from "../../src/ask/text/values.ts";
import { CommandError, EXIT } from "../../src/fault.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { Breath } from "../../src/steps.ts";
import { TestFleet } from "../support/fleet.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const { signal } = new AbortController();

test(...unless(missingPostgres, "whoever asks for no host is told which there are"), async () => {
  const fleet = await new TestFleet().init("web1");
  const url = fleet.server.url("reader");
  const refused = (hosts: string, why: RegExp) =>
    assert.rejects(
      FleetStore.open({ url, hosts, env: {}, signal, breath: new Breath(signal) }),
      (error) => {
        assert.ok(error instanceof CommandError && error.status === EXIT.notFound);
        assert.match(error.message, why);
        return true;
      },
    );
  await refused("*", /postgres has no hosts yet; start fh ship on one$/);
  const hello = (name: string) =>
    fleet.server.ask(`SELECT fh.hello(md5('${name}')::uuid, '${name}', '1')`, "web1");
  hello("db1");
  await refused("web*", /postgres has no host web\*; there is db1$/);
  await refused("", /postgres has no host ''; there is db1$/);
  await refused("db1", /postgres has nothing of db1 yet; see fh fleet status$/);
  for (const name of ["web1", "web2", "web3", "web4", "web5"]) hello(name);
  await refused("x", /has no host x; there are db1, web1, web2, web3, web4 and 1 more$/);
});

test("a user of another host is given by number", () => {
  assert.equal(parseUser("root", usersElsewhere()), 0);
  assert.equal(parseUser("65534", usersElsewhere()), 65534);
  assert.throws(() => parseUser("nobody", usersElsewhere()), /Unknown user: nobody; give a uid: /);
});
