import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSocket, socketToAsk } from "../../src/serve/place.ts";

const HOST = "/run/fh/fh.sock";

test("defaultSocket() is FH_SOCKET, root's, or that of the session", () => {
  const session = { XDG_RUNTIME_DIR: "/run/user/1000" };
  assert.equal(defaultSocket({ env: { FH_SOCKET: "/a.sock", ...session }, euid: 1000 }), "/a.sock");
  assert.equal(defaultSocket({ env: { FH_SOCKET: "" }, euid: 0 }), HOST);
  assert.equal(defaultSocket({ env: session, euid: 0 }), HOST);
  assert.equal(defaultSocket({ env: session, euid: 1000 }), "/run/user/1000/fh.sock");
  assert.equal(defaultSocket({ env: { XDG_RUNTIME_DIR: "run" }, euid: 1000 }), null);
  assert.equal(defaultSocket({ env: {}, euid: 1000 }), null);
});

test("socketToAsk() is the one that is named, one's own, or the host's", () => {
  const ask = (env: Record<string, string>, named: string | undefined, ...there: string[]) => {
    return socketToAsk({ env, euid: 1000 }, named, (path) => there.includes(path));
  };
  const session = { XDG_RUNTIME_DIR: "/run/user/1000" };
  const own = "/run/user/1000/fh.sock";
  assert.equal(ask({ FH_SOCKET: "/a.sock" }, "/b.sock", HOST), "/b.sock");
  assert.equal(ask({ FH_SOCKET: "/a.sock" }, undefined, HOST), "/a.sock");
  assert.equal(ask(session, undefined, own, HOST), own);
  assert.equal(ask(session, undefined, HOST), HOST);
  assert.equal(ask(session, undefined), own);
  assert.equal(ask({}, undefined, HOST), HOST);
  assert.equal(ask({}, undefined), null);
});
