/**
 * Installs what package-lock.json names, where it is not installed yet; silent when it is.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BIN, fail, isProgram, ROOT, run, say } from "./project.mjs";

/** The packages that bring a program, and the script of theirs that puts it in place. */
const INSTALLERS = { bun: "install.js", deno: "install.cjs" };

/** npm says which Node.js it runs on. */
const NODE = process.env.npm_node_execpath ?? "node";

/** `npm --silent start` hands its silence on, and an error must be seen. */
const LOUD = "--loglevel=error";

/** Installs the packages and checks that the programs in `needed` start. */
export function setup(needed = Object.keys(INSTALLERS)) {
  if (!isInstalled()) install();
  for (const name of needed) {
    if (starts(name)) continue;
    place(name);
    if (!starts(name)) {
      fail(`fh: cannot start node_modules/.bin/${name}; delete node_modules and try again`);
    }
  }
}

/**
 * Install scripts are left out because some versions of npm run them, some ask and some refuse:
 * the two that matter run here, and no other package gets to run code.
 */
function install() {
  say("fh: installing the packages of package-lock.json");
  const args = ["ci", "--ignore-scripts", "--include=dev", "--include=optional", LOUD];
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith("npm-cli.js") ? run(NODE, [npm, ...args]) : run("npm", args);
  if (!done) fail("fh: cannot install the packages; what npm said stands above");
  for (const name of Object.keys(INSTALLERS)) place(name);
}

/** Lets the package put its program where node_modules/.bin points. */
function place(name) {
  say(`fh: putting ${name} in place`);
  run(NODE, [INSTALLERS[name]], { cwd: join(ROOT, "node_modules", name) });
}

/** Compares the lock file with the list that npm leaves behind in node_modules. */
function isInstalled() {
  const wanted = readPackages("package-lock.json") ?? {};
  const present = readPackages("node_modules/.package-lock.json");
  if (present === null) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === "") return true;
    const found = present[path];
    // npm leaves out an optional package that is for another platform.
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), "utf8")).packages;
  } catch {
    return null;
  }
}

function starts(name) {
  return run(join(BIN, name), ["--version"], { stdio: "ignore" });
}

if (isProgram(import.meta.url)) setup();
