/**
 * `npm run package`: makes dist/packages/ anew, all that is published of a version: packages for
 * Debian, archives for other systems, the library for npm and its reference, a list of what is
 * inside, and sums of all of them. The same sources give the same bytes, wherever and whenever.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { build, executableFor } from "./build.mjs";
import { makeApi } from "./package/api.mjs";
import { makeArchive } from "./package/archive.mjs";
import { makeDeb } from "./package/deb.mjs";
import { makeNpm } from "./package/npm.mjs";
import { makeSbom } from "./package/sbom.mjs";
import { fail, isProgram, ROOT, say } from "./project.mjs";
import { setup } from "./setup.mjs";

const DEBS = { amd64: "x64", arm64: "arm64" };
const ARCHIVES = ["x64", "arm64", "x64-musl"];
/** What makes packages; all of it is in a Debian where somebody builds. */
const TOOLS = ["dpkg-deb", "gzip", "tar"];

/** Makes all packages in `out`. */
function makePackages(out) {
  const missing = TOOLS.filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  if (missing.length > 0) fail(`fh: cannot package without ${missing.join(", ")}; install them`);
  setup();
  build(true);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "fh-package-"));
  const host = executableFor(process.arch === "arm64" ? "arm64" : "x64");
  const made = { root: ROOT, version: versionOf(ROOT), epoch: sourceDate(ROOT), out, host };
  try {
    for (const [arch, platform] of Object.entries(DEBS)) {
      say(`fh: packing for Debian on ${arch}`);
      makeDeb({ ...made, arch, program: executableFor(platform), scratch: join(scratch, arch) });
    }
    for (const platform of ARCHIVES) {
      say(`fh: packing for ${platform}`);
      const program = executableFor(platform);
      makeArchive({ ...made, platform, program, scratch: join(scratch, platform) });
    }
    makeNpm({ ...made, scratch: join(scratch, "npm") });
    makeApi({ ...made, scratch: join(scratch, "api") });
  } finally {
    rmSync(scratch, { recursive: true });
  }
  makeSbom(made);
  writeSums(out);
  say(`fh: made ${readdirSync(out).join(", ")} in ${out}`);
}

/** The version that package.json has. */
export function versionOf(root) {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
}

/**
 * The time that all files get, in seconds: SOURCE_DATE_EPOCH, or else that of the commit; 0 without
 * either, as in an archive of the sources.
 */
function sourceDate(root) {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) {
    if (!/^\d{1,11}$/.test(given)) {
      fail(`fh: Bad SOURCE_DATE_EPOCH: ${given}; give seconds since 1970`);
    }
    return Number(given);
  }
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  return git.status === 0 ? Number(git.stdout) : 0;
}

/** SHA256SUMS, as `sha256sum -c` reads it. */
function writeSums(out) {
  const lines = readdirSync(out).sort().map((name) => {
    const hash = createHash("sha256").update(readFileSync(join(out, name))).digest("hex");
    return `${hash}  ${name}\n`;
  });
  writeFileSync(join(out, "SHA256SUMS"), lines.join(""));
}

if (isProgram(import.meta.url)) makePackages(join(ROOT, "dist", "packages"));
