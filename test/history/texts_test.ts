import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { fromStored, ImageStore, toStored } from "../../src/history/texts.ts";
import { Image, type ImageParts, NO_IMAGE, splitArgv } from "../../src/model/image.ts";
import { random } from "../support/random.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("command lines are stored as JSON arrays, other texts as they are", () => {
  assert.equal(toStored("argv", encode("ls\0-l\0\0")), '["ls","-l",""]');
  assert.equal(toStored("argv", encode("nginx: master process")), '["nginx: master process"]');
  assert.equal(toStored("argv", new Uint8Array()), "[]");
  assert.equal(toStored("cwd", encode("/tmp")), "/tmp");
  const wrong = Uint8Array.of(0x61, 0xff, 0);
  assert.equal(toStored("argv", wrong), wrong);
  assert.deepEqual(toStored("comm", Uint8Array.of(0x61, 0, 0x62)), Uint8Array.of(0x61, 0, 0x62));
});

test("what is read is what was stored, whatever the bytes", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const bytes = Uint8Array.from({ length: seed % 40 }, () => Math.floor(next() * 256));
    for (const part of ["exe", "comm", "cgroup"] as const) {
      assert.deepEqual(fromStored(part, toStored(part, bytes)), bytes);
    }
    const words = splitArgv(bytes);
    assert.deepEqual(splitArgv(fromStored("argv", toStored("argv", bytes))), words);
  }
});

test("a damaged text is a word like another", () => {
  assert.deepEqual(splitArgv(fromStored("argv", "{}")), ["{}"]);
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  for (const text of ["[1", '[1,2,{"a":1}]', '["x",null]', '[["x"]]', deep]) {
    assert.ok(splitArgv(fromStored("argv", text))[0] === text, text.slice(0, 20));
  }
});

test("each text and each image is stored once", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  const store = new ImageStore(db, true);
  const make = (parts: Partial<ImageParts>) => new Image({ ...NO_IMAGE.parts, ...parts });
  const ls = () => make({ argv: encode("ls\0"), exe: encode("/bin/ls"), comm: encode("ls") });
  const first = store.id(ls(), 0);
  assert.equal(store.id(ls(), 0), first);
  assert.notEqual(store.id(ls(), 1000), first, "another user is another image");
  assert.equal(store.id(NO_IMAGE, null), store.id(NO_IMAGE, null));
  store.forget();
  assert.equal(store.id(ls(), 0), first, "it is found in the file");
  const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"];
  assert.deepEqual([count("text"), count("image")], [3, 3]);
  const silent = new ImageStore(db, false).id(ls(), 0);
  const { argv } = db.prepare("SELECT argv FROM image WHERE id = ?").get(silent)!;
  assert.equal(argv, null, "no command lines where none are wanted");
});

test("of texts made to have one hash a few are looked at", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  const store = new ImageStore(db, true);
  const shell = new Image({ ...NO_IMAGE.parts, exe: encode("/bin/sh") });
  store.id(shell, 0);
  const collide = (count: number) =>
    db.exec(`INSERT INTO text (hash, value)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      SELECT (SELECT hash FROM text LIMIT 1), 'x' || i FROM n`);
  const stored = () => {
    store.forget();
    store.id(shell, 0);
    return db.prepare("SELECT count(*) AS n FROM text WHERE value = '/bin/sh'").get()!["n"];
  };
  collide(5000);
  assert.equal(stored(), 1, "it is the first of them");
  db.exec("UPDATE text SET value = 'x0' WHERE value = '/bin/sh'");
  assert.equal(stored(), 1, "it is stored again");
  collide(15);
  assert.equal(stored(), 1, "it is among the latest");
  collide(5000);
  assert.equal(stored(), 2, "it is stored once more instead of looked for among all");
  assert.equal(stored(), 2);
});
