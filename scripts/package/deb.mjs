/**
 * The package for Debian and its kin.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { copyrightText } from "./copyright.mjs";
import {
  COMPLETIONS,
  filesOf,
  gzip,
  readText,
  runTool,
  settle,
  unitsOf,
  writeFiles,
} from "./files.mjs";

const MAINTAINER = "The fh authors <fh@packages.invalid>";
const DOC = "usr/share/doc/fh";

/** Makes `fh_VERSION-1_ARCH.deb` in `out`; its path comes back. */
export function makeDeb(made) {
  const { root, version, epoch, arch, out, scratch } = made;
  const files = listFiles(made);
  writeFiles(scratch, files);
  const sums = files.map(({ path }) => {
    const hash = createHash("md5").update(readFileSync(join(scratch, path))).digest("hex");
    return { path, line: `${hash}  ${path}\n` };
  });
  const kib = files.reduce((sum, { path }) => sum + sizeOf(join(scratch, path)), 0);
  const control = readText(root, "contrib/debian/control")
    .replace("@VERSION@", `${version}-1`)
    .replace("@ARCH@", arch)
    .replace("@MAINTAINER@", MAINTAINER)
    .replace("@SIZE@", String(kib));
  const scripts = ["postinst", "prerm", "postrm"].map((name) => ({
    path: `DEBIAN/${name}`,
    text: readText(root, `contrib/debian/${name}`).replace("@UNITS@", unitsOf(root).join(" ")),
    mode: 0o755,
  }));
  writeFiles(scratch, [
    { path: "DEBIAN/control", text: control },
    { path: "DEBIAN/md5sums", text: sums.map(({ line }) => line).join("") },
    ...scripts,
  ]);
  settle(scratch, epoch);
  const path = join(out, `fh_${version}-1_${arch}.deb`);
  runTool("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", scratch, path], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  return path;
}

/** dpkg counts what a file takes on a disk of 1 KiB blocks. */
function sizeOf(path) {
  return Math.ceil(statSync(path).size / 1024);
}

function listFiles(made) {
  const { root, program, host } = made;
  const pages = filesOf(root, "contrib/man").map((name) => ({
    path: `usr/share/man/man${name.at(-1)}/${name}.gz`,
    text: gzip(readText(root, `contrib/man/${name}`)),
  }));
  const completions = Object.entries(COMPLETIONS).map(([shell, path]) => ({
    path: `usr/share/${path}`,
    text: runTool(host, ["completion", shell]),
  }));
  const examples = ["contrib/grafana", "contrib/hooks", "contrib/prometheus", "examples/c"]
    .flatMap((folder) =>
      filesOf(root, folder).map((name) => ({
        path: `${DOC}/examples/${basename(folder)}/${name}`,
        source: join(root, folder, name),
        mode: statSync(join(root, folder, name)).mode & 0o100 ? 0o755 : 0o644,
      }))
    );
  return [
    { path: "usr/bin/fh", source: program, mode: 0o755 },
    ...unitFiles(root),
    ...pages,
    ...completions,
    ...examples,
    ...docFiles(made),
  ].sort((one, other) => one.path < other.path ? -1 : 1);
}

/** Units that start fh where the package has it; the socket is for the group fh. */
function unitFiles(root) {
  const units = unitsOf(root);
  return [
    ...units.map((name) => ({
      path: `usr/lib/systemd/system/${name}`,
      text: readText(root, `contrib/systemd/${name}`)
        .replaceAll("/usr/local/bin/fh", "/usr/bin/fh")
        .replace(/^SocketGroup=root$/m, "SocketGroup=fh")
        .replace(/^# Made by [^]*?\n#\n(?=# [A-Z])/m, ""),
    })),
    {
      path: "usr/lib/systemd/system-preset/80-fh.preset",
      text: units.map((name) => `disable ${name}\n`).join(""),
    },
    { path: "usr/lib/sysusers.d/fh.conf", text: readText(root, "contrib/debian/sysusers") },
    { path: "usr/lib/tmpfiles.d/fh.conf", text: readText(root, "contrib/debian/tmpfiles") },
  ];
}

function docFiles({ root, version, epoch }) {
  const documents = filesOf(root, "docs").filter((name) => /^[^/]+\.md$|^commands\//.test(name));
  const entry = [
    `fh (${version}-1) unstable; urgency=medium\n`,
    "  * What has changed is in changelog.gz.\n",
    ` -- ${MAINTAINER}  ${new Date(epoch * 1000).toUTCString().replace("GMT", "+0000")}\n`,
  ];
  return [
    { path: `${DOC}/README.Debian`, text: readText(root, "contrib/debian/README.Debian") },
    { path: `${DOC}/copyright`, text: copyrightText(root) },
    { path: `${DOC}/changelog.gz`, text: gzip(readText(root, "CHANGELOG.md")) },
    { path: `${DOC}/changelog.Debian.gz`, text: gzip(entry.join("\n")) },
    { path: `usr/share/lintian/overrides/fh`, text: readText(root, "contrib/debian/lintian") },
    ...documents.map((name) => ({
      path: `${DOC}/docs/${name}`,
      source: join(root, "docs", name),
    })),
  ];
}
