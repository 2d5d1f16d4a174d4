/**
 * The archive for other systems: the executable, what belongs to it, and the script that installs
 * them.
 *
 * @module
 */
import { join } from "node:path";
import { copyrightText } from "./copyright.mjs";
import { filesOf, writeArchive, writeFiles } from "./files.mjs";

const FOLDERS = [
  ["contrib/grafana", "examples/grafana"],
  ["contrib/hooks", "examples/hooks"],
  ["contrib/man", "man"],
  ["contrib/prometheus", "examples/prometheus"],
  ["contrib/systemd", "systemd"],
  ["docs", "docs"],
  ["examples/c", "examples/c"],
];
const FILES = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"];

/** Makes `fh-VERSION-linux-PLATFORM.tar.gz` in `out`; its path comes back. */
export function makeArchive({ root, version, epoch, platform, program, out, scratch }) {
  const name = `fh-${version}-linux-${platform}`;
  const folder = join(scratch, name);
  const deep = FOLDERS.flatMap(([from, to]) =>
    filesOf(root, from).map((file) => ({
      path: `${to}/${file}`,
      source: join(root, from, file),
      mode: from === "contrib/hooks" ? 0o755 : 0o644,
    }))
  );
  writeFiles(folder, [
    { path: "fh", source: program, mode: 0o755 },
    { path: "install.sh", source: join(root, "scripts/install.sh"), mode: 0o755 },
    { path: "COPYRIGHT", text: copyrightText(root) },
    ...FILES.map((path) => ({ path, source: join(root, path) })),
    ...deep,
  ]);
  return writeArchive({ scratch, name, epoch, out });
}
