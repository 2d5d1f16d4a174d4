/** What `npm run package` makes: the same bytes from the same sources, and whole packages. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeApi } from "../../scripts/package/api.mjs";
import { makeArchive } from "../../scripts/package/archive.mjs";
import { copyrightText } from "../../scripts/package/copyright.mjs";
import { makeDeb } from "../../scripts/package/deb.mjs";
import { makeNpm } from "../../scripts/package/npm.mjs";
import { makeSbom } from "../../scripts/package/sbom.mjs";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { unless } from "../support/unless.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EPOCH = 1_700_000_000;
const VERSION = "1.2.3";

const folder = temporaryFolder("fh-package-");

/** What packages are made of. */
const SOURCES = [
  "bin",
  "contrib",
  "docs",
  "examples",
  "ffi",
  "scripts",
  "src",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "deno.json",
  "mod.ts",
  "package.json",
  "package-lock.json",
];

/** The same sources elsewhere, made at another time by somebody who keeps files to themselves. */
const clone = join(folder, "deep", "clone");
mkdirSync(clone, { recursive: true });
for (const name of SOURCES) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
// What is compiled in must lie there; the runtimes are large, and only run.
mkdirSync(join(clone, "node_modules"));
for (const name of readdirSync(join(ROOT, "node_modules"))) {
  const [from, to] = [ROOT, clone].map((root) => join(root, "node_modules", name));
  if (/^(?:bun|deno|@oven|@deno|\.debian)$/.test(name)) symlinkSync(from!, to!);
  else cpSync(from!, to!, { recursive: true, verbatimSymlinks: true });
}
for (const name of ["README.md", "contrib/man/fh.1", "docs"]) utimesSync(join(clone, name), 1, 1);
runProgram("chmod", ["-R", "go-rwx", clone]);

function isThere(tool: string): boolean {
  return runProgram("sh", ["-c", 'command -v "$0"', tool]).status === 0;
}

/** A small program in place of the executable: packing is what is tested. */
const program = join(folder, "true");
copyFileSync("/bin/true", program);

/** Packages of these sources; with another name, in another folder. */
function pack(root: string, name: string): string {
  const out = join(folder, name);
  mkdirSync(out);
  const made = { root, version: VERSION, epoch: EPOCH, out, program, host: FH };
  makeDeb({ ...made, arch: "amd64", scratch: join(folder, `${name}-deb`) });
  makeArchive({ ...made, platform: "x64", scratch: join(folder, `${name}-archive`) });
  makeNpm({ ...made, scratch: join(folder, `${name}-npm`) });
  makeApi({ ...made, scratch: join(folder, `${name}-api`) });
  makeSbom(made);
  return out;
}

const noDpkg = isThere("dpkg-deb") ? null : "needs dpkg-deb";
const packages = noDpkg === null ? pack(ROOT, "packages") : "";
const deb = join(packages, `fh_${VERSION}-1_amd64.deb`);

/** A file of the package as text. */
function inDeb(path: string): string {
  const { status, stdout, stderr } = runProgram("sh", [
    "-c",
    'dpkg-deb --fsys-tarfile "$0" | tar -xO "./$1"',
    deb,
    path,
  ]);
  assert.equal(status, 0, stderr);
  return stdout;
}

test("two builds in two folders are the same executable", () => {
  const { status, stderr } = runProgram("node", [join(clone, "scripts/build.mjs")], { cwd: "/" });
  assert.equal(status, 0, stderr);
  assert.ok(readFileSync(join(clone, "dist/fh")).equals(readFileSync(FH)));
});

test(...unless(noDpkg, "packages made in two folders are the same bytes"), () => {
  const before = process.umask(0o077);
  const others = pack(clone, "others");
  process.umask(before);
  assert.equal(readdirSync(packages).length, 5);
  for (const name of readdirSync(packages)) {
    const [one, other] = [packages, others].map((path) => readFileSync(join(path, name)));
    assert.ok(one!.equals(other!), name);
  }
});

test(...unless(noDpkg, "the package has a page for each command, and all of it is root's"), () => {
  const { stdout } = runProgram("dpkg-deb", ["-c", deb]);
  const rows = stdout.trim().split("\n").map((line) => line.split(/\s+/));
  const paths = rows.map((row) => row[5]!.slice(1));
  for (const name of readdirSync(join(ROOT, "contrib/man"))) {
    assert.ok(paths.includes(`/usr/share/man/man${name.at(-1)}/${name}.gz`), name);
  }
  for (const [mode, owner, , date, , path] of rows) {
    const isProgram = path!.endsWith("/bin/fh") || path!.includes("/hooks/");
    const expected = path!.endsWith("/") ? "drwxr-xr-x" : isProgram ? "-rwxr-xr-x" : "-rw-r--r--";
    if (!path!.endsWith("/hooks/")) assert.equal(mode, expected, path);
    assert.equal(owner, "root/root", path);
    assert.equal(date, "2023-11-14", path);
  }
});

test(
  ...unless(noDpkg, "all that is inside is named with whose it is and how it may be used"),
  () => {
    const copyright = inDeb("usr/share/doc/fh/copyright");
    const sbom = JSON.parse(readFileSync(join(packages, `fh-${VERSION}.cdx.json`), "utf8"));
    for (const { name } of sbom.components as { name: string }[]) {
      if (!name.startsWith("@oven/")) assert.match(copyright, new RegExp(` \\(${name}\\)$`, "m"));
    }
    for (const [, names] of copyright.matchAll(/^License: (.*)$/gm)) {
      for (const one of names!.split(" and ")) {
        assert.ok(copyright.includes(`\nLicense: ${one}\n `), one);
      }
    }
    const archived = runProgram("tar", [
      "-xzOf",
      join(packages, `fh-${VERSION}-linux-x64.tar.gz`),
      `fh-${VERSION}-linux-x64/COPYRIGHT`,
    ]);
    assert.equal(archived.stdout, copyright);
  },
);

test("a package under a licence whose text is not at hand is refused", () => {
  const path = join(clone, "node_modules/re2js/package.json");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, before.replace('"MIT"', '"Beerware"'));
  assert.throws(() => copyrightText(clone), /^Error: re2js is under Beerware, which is not known/);
  writeFileSync(path, before);
  const template = join(clone, "contrib/debian/copyright");
  const text = readFileSync(template, "utf8");
  writeFileSync(template, text.replace("\nLicense: ISC\n", "\nLicense: CSI\n"));
  assert.throws(() => copyrightText(clone), /copyright lacks the text of ISC$/);
  writeFileSync(template, text);
});

test(...unless(noDpkg, "the units of the package start what it has, and only when asked"), () => {
  const preset = inDeb("usr/lib/systemd/system-preset/80-fh.preset");
  const units = readdirSync(join(ROOT, "contrib/systemd"));
  assert.deepEqual(preset.trim().split("\n"), units.sort().map((name) => `disable ${name}`));
  for (const name of units) {
    const text = inDeb(`usr/lib/systemd/system/${name}`);
    assert.doesNotMatch(text, /\/usr\/local|daemon-reload|@\w+@/, name);
  }
  assert.match(inDeb("usr/lib/systemd/system/fh.service"), /^ExecStart=\/usr\/bin\/fh record$/m);
  assert.match(inDeb("usr/lib/systemd/system/fh.socket"), /^SocketGroup=fh$/m);
  assert.match(inDeb("usr/lib/systemd/system/fh-ship.service"), /^ExecStart=\/usr\/bin\/fh ship$/m);
  const parts = join(folder, "control");
  runProgram("dpkg-deb", ["-e", deb, parts]);
  for (const name of ["postinst", "prerm", "postrm"]) {
    const text = readFileSync(join(parts, name), "utf8");
    assert.ok(text.includes(`units="${units.join(" ")}"`), name);
    assert.equal(runProgram("sh", ["-n", join(parts, name)]).status, 0, name);
    assert.equal(statSync(join(parts, name)).mode & 0o777, 0o755, name);
  }
});

const noSystemd = noDpkg ?? (isThere("systemd-analyze") ? null : "needs systemd-analyze");

test(...unless(noSystemd, "systemd finds nothing wrong with the units of the package"), () => {
  const root = join(folder, "root");
  runProgram("dpkg-deb", ["-x", deb, root]);
  const units = readdirSync(join(root, "usr/lib/systemd/system"));
  for (const name of units) {
    const path = join(root, "usr/lib/systemd/system", name);
    const { status, stderr } = runProgram("systemd-analyze", ["verify", "--man=no", path]);
    // The program of the unit is not on this host, and other units of it are no concern of fh.
    const own = stderr.split("\n").filter((line) =>
      line.includes(root) && !line.includes("/usr/bin/fh is not executable")
    );
    assert.deepEqual(own, [], `${name}: ${status}`);
  }
});

const noLintian = noDpkg ?? (isThere("lintian") ? null : "needs lintian");

test(...unless(noLintian, "lintian finds no error in the package"), () => {
  // It leaves a part of its work in there.
  const env = { ...process.env as Record<string, string>, TMPDIR: folder };
  const { stdout, stderr } = runProgram("lintian", ["--no-cfg", "--allow-root", deb], { env });
  assert.doesNotMatch(stdout, /^E:/m, stderr);
});

test(...unless(noDpkg, "the archive is installed by the script in it"), () => {
  const there = join(folder, "there");
  mkdirSync(there);
  runProgram("tar", ["-xzf", join(packages, `fh-${VERSION}-linux-x64.tar.gz`), "-C", there]);
  const top = join(there, `fh-${VERSION}-linux-x64`);
  copyFileSync(FH, join(top, "fh"));
  const prefix = join(folder, "prefix");
  const { status, stderr } = runProgram("sh", [join(top, "install.sh"), prefix]);
  assert.equal(status, 0, stderr);
  assert.equal(runProgram(join(prefix, "bin/fh"), ["--version"]).status, 0);
  assert.equal(runProgram("sh", [join(top, "install.sh"), "--uninstall", prefix]).status, 0);
});

test(...unless(noDpkg, "the list of what is inside has the runtime and what fh imports"), () => {
  const sbom = JSON.parse(readFileSync(join(packages, `fh-${VERSION}.cdx.json`), "utf8"));
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const names = sbom.components.map(({ name }: { name: string }) => name);
  for (const name of ["bun", ...Object.keys(dependencies)]) assert.ok(names.includes(name), name);
  assert.ok(!names.includes("deno"));
  for (const { name, hashes } of sbom.components) assert.ok(hashes?.length > 0, name);
});

test(...unless(noDpkg, "npm's package has all for Bun, and what needs no libc for Node.js"), () => {
  const there = join(folder, "consumer");
  const modules = join(there, "node_modules");
  mkdirSync(modules, { recursive: true });
  runProgram("tar", ["-xzf", join(packages, `fh-${VERSION}.tgz`), "-C", modules]);
  renameSync(join(modules, "package"), join(modules, "fh"));
  symlinkSync(join(ROOT, "node_modules/re2js"), join(modules, "re2js"));
  const script = join(there, "use.mjs");
  writeFileSync(
    script,
    'import * as fh from "fh";\n' +
      "console.log(fh.takeTree().roots.length > 0, typeof fh.connect, typeof fh.watch);\n",
  );
  for (
    const [runtime, watch] of [
      [join(ROOT, "node_modules/.bin/bun"), "function"],
      ["node", "undefined"],
    ] as const
  ) {
    const { stdout, stderr } = runProgram(runtime, [script]);
    assert.equal(stdout, `true function ${watch}\n`, stderr);
  }
});
