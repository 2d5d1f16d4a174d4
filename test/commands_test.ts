import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePid } from "../src/ask/text/values.ts";
import type { CommandSpec } from "../src/cli/command.ts";
import { asText, many, opt, undo, unless } from "../src/cli/option.ts";
import { COMMANDS, runCli } from "../src/commands.ts";
import { CommandError, EXIT } from "../src/fault.ts";
import { VERSION } from "../src/version.ts";
import { fakeContext } from "./support/fake_output.ts";

/** What the command below was given. */
interface Given {
  operands: readonly string[];
  options: Readonly<Record<string, unknown>>;
}

function command(parts: Partial<CommandSpec> = {}): CommandSpec {
  return {
    name: "watch",
    operands: "[command...]",
    summary: "watches",
    options: [
      many("-p, --pid <pid>", parsePid, "pids"),
      opt("--min-duration <time>", asText, "time"),
      unless("--no-fold", "unfolded"),
    ],
    examples: ["fh watch  watches"],
    run: () => Promise.resolve(0),
    ...parts,
  };
}

async function cli(argv: string[], parts: Partial<CommandSpec> = {}) {
  let given: Given | null = null;
  const run: CommandSpec["run"] = (context, operands, options) => {
    given = { operands, options };
    return parts.run?.(context, operands, options) ?? Promise.resolve(0);
  };
  const context = fakeContext();
  const table = [command({ ...parts, run }), command({ name: "tree", operands: "[pid]", run })];
  table.push(command({ name: "doctor", operands: "", options: [], run }));
  const status = await runCli(context, argv, table);
  const { stdout, stderr } = context;
  return { status, given: given as Given | null, stdout: stdout.text, stderr: stderr.text };
}

async function given(...argv: string[]): Promise<Given> {
  const { status, given, stderr } = await cli(argv);
  assert.equal(status, EXIT.done, stderr);
  assert.ok(given !== null);
  return given;
}

async function complaint(...argv: string[]): Promise<string> {
  const { status, given, stdout, stderr } = await cli(argv);
  assert.deepEqual({ status, given, stdout }, { status: EXIT.usage, given: null, stdout: "" });
  assert.match(stderr, /^fh: [^\n]+\n$/);
  return stderr.slice(4, -1);
}

const DEFAULTS = {
  json: false,
  source: "auto",
  color: "auto",
  quiet: false,
  verbose: false,
  fold: true,
};

test("a command gets its options and the global ones with their defaults", async () => {
  assert.deepEqual(await given("watch"), { operands: [], options: DEFAULTS });
  const { options } = await given("watch", "-p", "1", "--pid=2", "--min-duration", "1s");
  assert.deepEqual(options, { ...DEFAULTS, pid: [1, 2], minDuration: "1s" });
  assert.equal((await given("watch", "--no-fold")).options["fold"], false);
});

test("global options are taken before and after the command's name", async () => {
  const expected = { ...DEFAULTS, json: true, source: "poll", quiet: true };
  const before = await given("--json", "--source", "poll", "-q", "watch");
  const after = await given("watch", "--json", "--source=poll", "--quiet");
  assert.deepEqual(before.options, expected);
  assert.deepEqual(after.options, expected);
  const both = await given("--source", "poll", "watch", "--source", "connector");
  assert.equal(both.options["source"], "connector");
});

test("an option that can be repeated and switched off is what came last", async () => {
  const options = [
    many("--hide <x>", asText, "more"),
    undo("--no-hide", "nothing"),
  ];
  const hide = async (...argv: string[]) => {
    return (await cli(["watch", ...argv], { options })).given!.options["hide"];
  };
  assert.equal(await hide(), undefined);
  assert.deepEqual(await hide("--hide", "a", "--hide=b"), ["a", "b"]);
  assert.equal(await hide("--hide", "a", "--no-hide"), false);
  assert.deepEqual(await hide("--no-hide", "--hide", "a"), ["a"]);
});

test("what stands after -- reaches the command untouched", async () => {
  const argv = ["ls", "-la", "--json", "-V", "--", "-h", "--nonsense", ""];
  const { operands, options } = await given("watch", "-q", "--", ...argv);
  assert.deepEqual(operands, argv);
  assert.deepEqual(options, { ...DEFAULTS, quiet: true });
  assert.deepEqual((await given("watch", "--", "watch", "tree")).operands, ["watch", "tree"]);
});

test("fh alone, --help, -h and help print the help on standard output", async () => {
  const texts = await Promise.all([[], ["--help"], ["-h"], ["help"], ["--json"]].map((argv) => {
    return cli(argv);
  }));
  for (const { status, stdout, stderr, given } of texts) {
    assert.deepEqual({ status, stderr, given }, { status: 0, stderr: "", given: null });
    assert.match(stdout, /^Usage: fh \[options\] <command>/);
  }
});

test("a command's help is printed however it is asked for", async () => {
  for (const argv of [["watch", "--help"], ["watch", "-h"], ["help", "watch"], ["watch", "-qh"]]) {
    const { status, stdout, given } = await cli(argv);
    assert.deepEqual({ status, given }, { status: 0, given: null });
    assert.match(stdout, /^Usage: fh watch \[options\] \[-- command\.\.\.\]\n/);
  }
});

test("the version is printed before and after the command's name", async () => {
  for (const argv of [["-V"], ["--version"], ["watch", "-V"], ["tree", "--version"]]) {
    const { status, stdout, stderr } = await cli(argv);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${VERSION}\n`, stderr: "" });
  }
});

test("wrong usage is one line that says what to do", async () => {
  const lines: [string[], string][] = [
    [["wach"], "Unknown command: wach; did you mean watch?"],
    [["ps"], "Unknown command: ps; see fh --help"],
    [[""], "Unknown command: ''; see fh --help"],
    [["wach", "--help"], "Unknown command: wach; did you mean watch?"],
    [["help", "wach"], "Unknown command: wach; did you mean watch?"],
    [["ps", "--help"], "Unknown command: ps; see fh --help"],
    [["watch", "--jsn"], "Unknown option: --jsn; did you mean --json?"],
    [
      ["watch", "--min-durations"],
      "Unknown option: --min-durations; " +
      "did you mean --min-duration?",
    ],
    [["--jsn"], "Unknown option: --jsn; did you mean --json?"],
    [["watch", "-x"], "Unknown option: -x; see fh watch --help"],
    [["watch", "sqlcmd", "-Phunter2"], "Unknown option: -P; see fh watch --help"],
    [["watch", "app", "--magic=hunter2"], "Unknown option: --magic; see fh watch --help"],
    [["-p", "1", "watch"], "Unknown option: -p; see fh --help"],
    [["watch", "-p"], "Missing value: -p, --pid <pid>; see fh watch --help"],
    [["watch", "-p", "-1"], "Bad pid: -1; give a whole number from 1 to 4194304"],
    [["tree", "1", "2"], "Too many operands: 2, not 1; see fh tree --help"],
    [["doctor", "1"], "Too many operands: 1, not 0; see fh doctor --help"],
    [["watch", "--source", "polll"], "Unknown source: polll; did you mean poll?"],
    [["--color", "no", "watch"], "Unknown colour setting: no; give one of auto, always, never"],
    [["wa\ntch\x1b[2J"], "Unknown command: wa\\ntch\\x1b[2J; see fh --help"],
    [["watch", "--a'\nb"], "Unknown option: --a'\\nb; see fh watch --help"],
  ];
  for (const [argv, line] of lines) assert.equal(await complaint(...argv), line);
});

test("the commands of the table refuse bad values before they do anything", async () => {
  const pid = "give a whole number from 1 to 4194304";
  const duration = "give a number and a unit, such as 250ms, 10s, 3m, 2h or 7d";
  const lines: [string[], string][] = [
    [["watch", "--pid=0"], `Bad pid: 0; ${pid}`],
    [["tree", "0"], `Bad pid: 0; ${pid}`],
    [["tree", "--", "-1"], `Bad pid: -1; ${pid}`],
    [["watch", "--count", "0"], "Bad count: 0; give a whole number from 1"],
    [["watch", "--interval", "0"], `Bad duration: 0; ${duration}`],
    [["watch", "--min-duration", "5"], `Bad duration: 5; ${duration}`],
    [["watch", "-e", "forc"], "Unknown event: forc; did you mean fork?"],
    [["watch", "-c", "[z-a]"], "Bad pattern: [z-a]; give ranges in order, such as [a-z]"],
    [["watch", "--env", "A,,B"], "Bad list: A,,B; give names with commas between them"],
    [
      ["watch", "-u", "no such user"],
      "Unknown user: no such user; give a user name of this host or a uid",
    ],
    [["register", "--pid", "0"], `Bad pid: 0; ${pid}`],
    [["register", "--pid", "1", "--scope", "0"], `Bad pid: 0; ${pid}`],
    [["register", "--sig", "37"], "Missing pid: give --pid the process that is told"],
    [
      ["register", "--pid", "1"],
      "Missing signal: give --sig a real-time signal, such as SIGRTMIN+3",
    ],
    [
      ["register", "--pid", "1", "--sig", "foo"],
      "Bad signal: foo; give 34 to 64, or a name such as SIGRTMIN+3 or SIGRTMAX-1",
    ],
    [["unregister"], "Missing pid: give --pid the process that is told"],
    [["listeners", "4711"], "Too many operands: 1, not 0; see fh listeners --help"],
    [["completion"], "Missing operand: shell; see fh completion --help"],
    [["completion", "bsah"], "Unknown shell: bsah; did you mean bash?"],
  ];
  for (const [argv, line] of lines) {
    const capture = () => Promise.reject(new Error("it began to watch"));
    const context = fakeContext({ capture });
    assert.equal(await runCli(context, argv), EXIT.usage, argv.join(" "));
    assert.equal(context.stderr.text, `fh: ${line}\n`);
    assert.equal(context.stdout.text, "");
  }
});

test("a missing operand is wrong usage", async () => {
  const { status, stderr } = await cli(["watch"], { operands: "<shell>" });
  assert.equal(status, EXIT.usage);
  assert.equal(stderr, "fh: Missing operand: shell; see fh watch --help\n");
});

test("the status is the command's own", async () => {
  assert.equal((await cli(["watch"], { run: () => Promise.resolve(42) })).status, 42);
});

test("a CommandError is one line, and its status the exit status", async () => {
  const run = () => Promise.reject(new CommandError(EXIT.notFound, "No such process: 7"));
  const { status, stderr } = await cli(["watch"], { run });
  assert.deepEqual({ status, stderr }, { status: 3, stderr: "fh: No such process: 7\n" });
});

test("another error is one line, with -v where it comes from", async () => {
  const run = () => Promise.reject(new TypeError("it is broken"));
  const quiet = await cli(["watch"], { run });
  assert.deepEqual([quiet.status, quiet.stderr], [1, "fh: it is broken\n"]);
  for (const argv of [["-v", "watch"], ["watch", "--verbose"]]) {
    const { status, stderr } = await cli(argv, { run });
    assert.equal(status, 1);
    assert.match(stderr, /^fh: it is broken\n {4}at /);
  }
});

test("an output that cannot be written fails the program", async () => {
  const context = fakeContext();
  const error = new CommandError(1, "Cannot write standard output: ENOSPC");
  context.stdout.flush = () => Promise.reject(error);
  context.stderr.flush = () => Promise.reject(new Error("nobody listens"));
  assert.equal(await runCli(context, ["--help"], [command()]), 1);
  assert.equal(await runCli(context, ["watch"], [command()]), 1);
  assert.equal(context.stderr.text, `fh: ${error.message}\n`.repeat(2));
});

test("the table has the commands of the contract that exist", () => {
  const names = COMMANDS.map(({ name }) => name);
  const past = ["why", "log", "trouble", "top", "web", "record", "metrics", "export"];
  const fleet = ["ship", "fleet"];
  const socket = ["serve", "register", "unregister", "listeners"];
  const rest = ["account", "doctor", "completion", "complete"];
  const runs = ["run", "report", "job"];
  assert.deepEqual(names, ["watch", "tree", ...past, ...fleet, ...runs, ...socket, ...rest]);
});

test("fh watch runs what stands behind -- alone, and says what else may be meant", async () => {
  const refused = [
    [["nginx"], "nginx; did you mean fh watch -c nginx, or fh watch -- nginx?"],
    [["4711"], "4711; did you mean fh watch -p 4711, or fh watch -- 4711?"],
    [
      ["-q", "my prog", "-x"],
      "my prog; did you mean fh watch -c 'my prog', or fh watch -- 'my prog' -x?",
    ],
    [
      ["nginx", "--", "make"],
      "nginx; did you mean fh watch -c nginx, or fh watch -- nginx -- make?",
    ],
    [["-c", "--", "nginx"], "nginx; did you mean fh watch -c nginx, or fh watch -- nginx?"],
    [[""], "''; did you mean fh watch -c '', or fh watch -- ''?"],
  ] as const;
  for (const [argv, expected] of refused) {
    const context = fakeContext();
    assert.equal(await runCli(context, ["watch", ...argv]), EXIT.usage, argv.join(" "));
    assert.equal(context.stderr.text, `fh: Stray operand: ${expected}\n`);
  }
  const parts = { startsCommand: true, meant: () => "" } as const;
  for (const argv of [["watch", "--", "make", "-j8"], ["watch", "-p", "1", "--", "make", "-j8"]]) {
    const { given, status } = await cli(argv, parts);
    assert.equal(status, EXIT.done);
    assert.deepEqual(given?.operands, ["make", "-j8"]);
  }
});

test("options behind the command of fh run are the command's, with -- and without", async () => {
  for (const first of [[], ["--"]]) {
    const argv = ["watch", "-q", ...first, "grep", "-q", "--json", "--", "x"];
    const { given, stderr } = await cli(argv, { startsCommand: true });
    assert.deepEqual(given?.operands, ["grep", "-q", "--json", "--", "x"], stderr);
    assert.equal(given?.options["json"], false);
    assert.equal(given?.options["quiet"], true);
  }
});
