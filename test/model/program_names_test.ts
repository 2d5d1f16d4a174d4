import assert from "node:assert/strict";
import { test } from "node:test";
import { Image, NO_IMAGE } from "../../src/model/image.ts";
import { cutName, nameOf, namesOf, programOf } from "../../src/model/program_names.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function imageOf(comm: string | null, exe: string | null, ...argv: readonly string[]): Image {
  return new Image({
    ...NO_IMAGE.parts,
    comm: comm === null ? null : encode(comm),
    exe: exe === null ? null : encode(exe),
    argv: argv.length === 0 ? null : encode(argv.map((word) => `${word}\0`).join("")),
  });
}

const named = (...parts: Parameters<typeof imageOf>) => namesOf(imageOf(...parts));
const called = (...parts: Parameters<typeof imageOf>) => nameOf(imageOf(...parts));

test("a program is called as the kernel, its file, its first word and its script are", () => {
  const journal = "/usr/lib/systemd/systemd-journald";
  assert.deepEqual(named("systemd-journal", journal, journal), [
    "systemd-journal",
    "systemd-journald",
  ]);
  assert.deepEqual(named("bash", "/bin/bash (deleted)", "-bash"), ["bash"]);
  assert.deepEqual(named("python3", "/usr/bin/python3.11", "python3", "-u", "/opt/hog.py", "-c"), [
    "python3",
    "python3.11",
    "hog.py",
  ]);
  assert.deepEqual(named("sh", "/bin/dash", "sh", "-c", "hog.py"), ["sh", "dash"]);
  assert.deepEqual(named("sh", "/bin/dash", "sh", "-ec", "hog.py"), ["sh", "dash"]);
  assert.deepEqual(named("ci.sh", "/bin/bash", "/bin/bash", "./ci.sh"), ["ci.sh", "bash"]);
  assert.deepEqual(named("gcc", "/usr/bin/gcc", "gcc", "main.c"), ["gcc"], "no interpreter");
  assert.deepEqual(named(null, null), []);
  assert.deepEqual(named("kthreadd", null), ["kthreadd"]);
  assert.deepEqual(named("python3", null, "python3", "--", ""), ["python3"]);
});

test("what people call a program is its script, or its name as long as it is", () => {
  assert.equal(called("python3", "/usr/bin/python3.11", "python3", "/opt/hog.py"), "hog.py");
  assert.equal(
    called("nightly-backup", "/bin/dash", "sh", "/opt/nightly-backup"),
    "nightly-backup",
  );
  assert.equal(called("systemd-journal", "/usr/lib/systemd-journald"), "systemd-journald");
  assert.equal(called("sh", "/bin/dash", "sh", "-c", "x"), "sh");
  assert.equal(called("bash", "/bin/bash", "bash", "/dev/fd/3"), "bash");
  assert.equal(called("kthreadd", null), "kthreadd");
  assert.equal(called(null, "/bin/true"), "true");
  assert.equal(called(null, null), null);
});

test("a name is cut as the kernel does, in bytes", () => {
  assert.equal(cutName("systemd-journald"), "systemd-journal");
  assert.equal(cutName("systemd-journal"), "systemd-journal");
  assert.equal(cutName("ääääääää"), "äääääää\ufffd");
});

test("a program is the file of its script, or its own, wherever it is called from", () => {
  const program = (cwd: string | null, ...parts: Parameters<typeof imageOf>) => {
    const image = imageOf(...parts);
    return programOf(new Image({ ...image.parts, cwd: cwd === null ? null : encode(cwd) }));
  };
  assert.equal(program("/", "ls", "/usr/bin/ls", "ls", "-l"), "/usr/bin/ls");
  assert.equal(program("/", "ls", "/usr/bin/ls (deleted)", "ls"), "/usr/bin/ls");
  assert.equal(program("/opt/ci", "sh", "/bin/dash", "sh", "-x", "../a//./b.sh"), "/opt/a/b.sh");
  assert.equal(program("/opt/ci", "python3", "/usr/bin/python3", "python3", "/x.py"), "/x.py");
  assert.equal(program(null, "sh", "/bin/dash", "sh", "b.sh"), "b.sh");
  assert.equal(program("/", "sh", "/bin/dash", "sh", "-c", "b.sh"), "/bin/dash");
  const doubtful = [
    ["python3", "-m", "pip"],
    ["python3", "-W", "ignore", "a.py"],
    ["node", "--eval", "f()"],
    ["bash", "-o", "pipefail", "x.sh"],
    ["deno", "check", "x.ts"],
    ["bun", "test"],
  ];
  for (const words of doubtful) {
    const exe = `/usr/bin/${words[0]}`;
    assert.equal(program("/srv", words[0]!, exe, ...words), exe, words.join(" "));
  }
  assert.equal(program("/srv", "deno", "/usr/bin/deno", "deno", "run", "x.ts"), "/srv/x.ts");
  // Whoever calls itself a shell is none.
  assert.equal(program("/", "sh", "/tmp/malware", "sh", "/bin/true"), "/tmp/malware");
  assert.equal(program("/", null, null), null);
  const long = (end: string) => program("/", "x", `/${"a".repeat(5000)}${end}`)!;
  assert.ok(long("b").length < 300 && long("b") !== long("c"));
});
