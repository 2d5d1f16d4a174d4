import assert from "node:assert/strict";
import { test } from "node:test";
import { placeToAsk } from "../../src/history/place.ts";

test("a user is told of the history that root keeps, unless they have one, or may see it", () => {
  const place = (env: Record<string, string>, euid: number, ...there: readonly string[]) =>
    placeToAsk({ env, euid }, (path) => there.includes(path));
  const home = { HOME: "/home/ann" };
  const own = "/home/ann/.local/state/fh/history.db";
  assert.deepEqual(place(home, 1000), { path: own, isOfRoot: false });
  assert.deepEqual(place(home, 1000, "/var/lib/fh"), { path: own, isOfRoot: true });
  assert.deepEqual(place({ ...home, FH_DB: "/a.db" }, 1000, "/var/lib/fh"), {
    path: "/a.db",
    isOfRoot: false,
  });
  assert.deepEqual(place(home, 0, "/var/lib/fh"), {
    path: "/var/lib/fh/history.db",
    isOfRoot: false,
  });
});
