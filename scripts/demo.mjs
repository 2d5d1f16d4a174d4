/**
 * Makes docs/demo.svg of a real session: a shell in tmux, in namespaces of its own, where nothing
 * else of this host is seen. Needs root, tmux and unshare; takes half a minute.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "./build.mjs";
import { framesToSvg } from "./demo/svg.mjs";
import { fail, isProgram, ROOT, say } from "./project.mjs";

const SIZE = { columns: 100, rows: 28 };
const LOOK_MS = 80;
const KEY_MS = 40;
/** Pauses longer than that are cut: nobody waits for a recorder to write. */
const PAUSE_MS = 2500;

const MAKEFILE = "all: a b\na:\n\t@sleep 0.3; echo a > a\nb:\n\t@cat /nonexistent\n";
/** Each lives long enough for the poller: no connector speaks in namespaces. */
const BACKUP = "#!/bin/sh\nsleep 0.4\n./copy-files &\nsleep 0.8\n";
const COPY = "#!/bin/sh\nsleep 0.4\nsleep 900 &\nsleep 0.8\n";
/** What runs before anybody looks. */
const BEFORE = [
  "fh record --source poll -q 2>/dev/null &",
  "until [ -S $FH_SOCKET ]; do sleep 0.2; done; sleep 1; ./nightly-backup; sleep 1",
];
/** What is typed, and how long it is looked at. */
const TYPED = [
  ["# What does this build start?", 400],
  ["fh watch -q --source poll -- make -s -j2", 4000],
  ["rm a; clear", 200],
  ["# Where does its time go, and what fails?", 400],
  ["fh run --source poll -- make -s -j2", 5000],
  ["clear", 200],
  ["# Something sleeps here, and its parents are gone. Who started it?", 400],
  ["fh why -q sleep", 5000],
];

/** With no settings of anybody. */
const TMUX = ["-f", "/dev/null", "-L", "demo"];

/** tmux on a socket of its own. */
class Terminal {
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  run(...args) {
    const { status, stdout } = spawnSync("tmux", [...TMUX, ...args], {
      encoding: "utf8",
      env: { ...process.env, TMUX_TMPDIR: this.#folder },
    });
    return status === 0 ? stdout : null;
  }

  lines() {
    const text = this.run("capture-pane", "-p", "-e");
    return text === null ? null : carried(text.split("\n").slice(0, SIZE.rows));
  }
}

/** tmux says what changes, also from line to line: each line gets what holds where it begins. */
function carried(lines) {
  let held = "";
  return lines.map((line) => {
    const whole = held + line;
    // deno-lint-ignore no-control-regex
    for (const [sequence] of line.matchAll(/\x1b\[[\d;]*m/g)) {
      // deno-lint-ignore no-control-regex
      held = /^\x1b\[0?m$/.test(sequence) ? "" : held + sequence;
    }
    return whole;
  });
}

async function record(terminal) {
  const frames = [];
  const began = performance.now();
  let cut = 0;
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const lines = terminal.lines();
      const now = performance.now() - began;
      const last = frames.at(-1);
      if (lines !== null && lines.join("\n") !== last?.lines.join("\n")) {
        const pause = last === undefined ? 0 : now - cut - last.atMs;
        if (pause > PAUSE_MS) cut += pause - PAUSE_MS;
        frames.push({ atMs: last === undefined ? 0 : now - cut, lines });
      }
      await delay(LOOK_MS);
    }
  };
  const looking = look();
  for (const [text, wait] of TYPED) {
    for (const key of text) {
      terminal.run("send-keys", "-l", key);
      await delay(KEY_MS);
    }
    terminal.run("send-keys", "Enter");
    await delay(wait);
  }
  isOver = true;
  await looking;
  return { frames, lengthMs: frames.at(-1).atMs + 2 * PAUSE_MS, ...SIZE };
}

async function makeDemo(path) {
  if (process.getuid() !== 0) fail("fh: cannot make the demo without root: it needs namespaces");
  build();
  const folder = mkdtempSync(join(tmpdir(), "fh-demo-"));
  const home = join(folder, "home");
  mkdirSync(home);
  writeFileSync(join(home, "Makefile"), MAKEFILE);
  for (const [name, text] of [["nightly-backup", BACKUP], ["copy-files", COPY]]) {
    writeFileSync(join(home, name), text);
    chmodSync(join(home, name), 0o755);
  }
  const rc = [
    `export PATH=${
      join(ROOT, "dist")
    }:/usr/bin:/bin FH_DB=${folder}/db FH_SOCKET=${folder}/fh.sock`,
    "export LANG=C.UTF-8 TZ=UTC; PS1='$ '; set +m",
    ...BEFORE,
    "clear",
    "",
  ];
  writeFileSync(join(home, ".bashrc"), rc.join("\n"));
  const terminal = new Terminal(folder);
  const size = ["-x", String(SIZE.columns), "-y", String(SIZE.rows)];
  const shell = "cd && exec bash";
  const first = ["bash", "-c", `exec -a init tmux ${TMUX.join(" ")} -D`];
  const server = spawn("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", ...first], {
    env: {
      HOME: home,
      PATH: process.env.PATH,
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
      SHELL: "/bin/bash",
      TMUX_TMPDIR: folder,
    },
    stdio: "ignore",
  });
  try {
    await delay(1000);
    terminal.run("new-session", "-d", ...size, shell);
    terminal.run("set", "-g", "status", "off");
    await delay(12_000);
    writeFileSync(path, framesToSvg(await record(terminal)));
    say(`fh: made ${path}`);
  } finally {
    server.kill("SIGKILL");
    await delay(200);
    rmSync(folder, { recursive: true });
  }
}

if (isProgram(import.meta.url)) await makeDemo(join(ROOT, "docs", "demo.svg"));
