import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChoice, parseCount, parsePid } from "../../src/ask/text/values.ts";
import { command, type CommandSpec, type GroupSpec } from "../../src/cli/command.ts";
import { GLOBAL_DEFAULTS } from "../../src/cli/globals.ts";
import { asText, flag, many, maybe, opt, undo, unless } from "../../src/cli/option.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { callOf } from "../../src/cli/spec_tree.ts";

const done = () => Promise.resolve(0);

function spec(name: string, operands: string, options: CommandSpec["options"]): CommandSpec {
  return { name, operands, summary: "does it", options, examples: [], run: done };
}

const SOCKET = opt("--socket <path>", asText, "where");
const ONLY = flag("--only", "one");
const RULES: GroupSpec = {
  name: "rule",
  summary: "rules",
  actions: [
    spec("add", "<name>", [many("--exe <glob>", asText, "path"), SOCKET]),
    spec("list", "", [SOCKET]),
    spec("remove", "<number>", [SOCKET]),
  ],
};
const JOBS: GroupSpec = {
  name: "job",
  summary: "jobs",
  actions: [
    spec("add", "<name> <pid...>", [ONLY, SOCKET]),
    spec("list", "", [flag("--all", "all"), SOCKET]),
    spec("export", "[name]", [opt("-o, --output <path>", asText, "file"), SOCKET]),
    spec("remove", "<name> <pid...>", [ONLY, SOCKET]),
    RULES,
  ],
};
const PROGRAM: GroupSpec = {
  name: "fh",
  summary: "",
  actions: [
    spec("log", "", [
      many("-p, --pid <pid>", parsePid, "pids"),
      many("-u, --user <user>", asText, "users"),
      opt("-n, --limit <n>", parseCount, "so many"),
      flag("-f, --follow", "go on"),
      unless("--no-fold", "unfolded"),
      many("--redact <regex>", asText, "hide"),
      undo("--no-redact", "show"),
    ]),
    spec("tree", "[process]", [
      opt("-d, --depth <n>", parseCount, "levels"),
      maybe("--json[=<form>]", parseChoice("form of JSON", ["flat"]), "JSON", ["flat"]),
    ]),
    command({
      ...spec("run", "<command...>", [opt("--name <name>", asText, "name")]),
      startsCommand: true,
    }),
    command({
      ...spec("watch", "[command...]", [many("-p, --pid <pid>", parsePid, "pids")]),
      startsCommand: true,
      meant: (operands) => `this: ${operands.join(" ")}`,
    }),
    { ...spec("complete", "[words...]", []), hidden: true },
    JOBS,
  ],
};

/** A call as a line: its names, operands, and options that are not the default. */
function called(words: readonly string[]): string {
  const asked = parseLine(PROGRAM, words);
  if (asked.kind === "version") return "version";
  if (asked.kind === "nothing") return "nothing";
  if (asked.kind === "help") return `help ${callOf(asked.path)}`;
  const defaults: Readonly<Record<string, unknown>> = { ...GLOBAL_DEFAULTS, fold: true };
  const options = Object.entries(asked.options).sort().filter(([name, value]) => {
    return value !== defaults[name];
  });
  return `${asked.command.name} ${JSON.stringify(asked.operands)} ${
    JSON.stringify(Object.fromEntries(options))
  }`;
}

function complaint(words: readonly string[]): string {
  try {
    return `no complaint: ${called(words)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

test("forms of options and operands are taken as they always were", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["log -p4711", 'log [] {"pid":[4711]}'],
    ["log --pid=4711 --pid 5 -p 6 -p7", 'log [] {"pid":[4711,5,6,7]}'],
    ["log -qvf", 'log [] {"follow":true,"quiet":true,"verbose":true}'],
    ["log -fn5", 'log [] {"follow":true,"limit":5}'],
    ["log -qvfn 7", 'log [] {"follow":true,"limit":7,"quiet":true,"verbose":true}'],
    ["log -n 5 --limit=6", 'log [] {"limit":6}'],
    ["log -u=a -ub --user=c=d", 'log [] {"user":["=a","b","c=d"]}'],
    ["log --user= -u -f", 'log [] {"user":["","-f"]}'],
    ["log --user -- -f", 'log [] {"follow":true,"user":["--"]}'],
    ["log --no-fold", 'log [] {"fold":false}'],
    ["log --redact a --no-redact", 'log [] {"redact":false}'],
    ["log --no-redact --redact a --redact=b", 'log [] {"redact":["a","b"]}'],
    ["--json log --db x", 'log [] {"db":"x","json":true}'],
    ["tree --json", 'tree [] {"json":true}'],
    ["--json=flat tree 5", 'tree ["5"] {"json":"flat"}'],
    ["tree --json=flat 5", 'tree ["5"] {"json":"flat"}'],
    ["tree --json flat", 'tree ["flat"] {"json":true}'],
    ["--db x --source poll log --db=y", 'log [] {"db":"y","source":"poll"}'],
    ["--db log log", 'log [] {"db":"log"}'],
    ["-- tree 5", 'tree ["5"] {}'],
    ["--json -- tree -d 5", 'tree [] {"depth":5,"json":true}'],
    ["tree 5 -d3", 'tree ["5"] {"depth":3}'],
    ["tree -d 3 -- -x", 'tree ["-x"] {"depth":3}'],
    ["tree -5", 'tree ["-5"] {}'],
    ["tree -4711", 'tree ["-4711"] {}'],
    ["tree -1.5e3 -d 1", 'tree ["-1.5e3"] {"depth":1}'],
    ["tree -", 'tree ["-"] {}'],
    ["run ls -la --json -- x", 'run ["ls","-la","--json","--","x"] {}'],
    ["run -q -- ls -q", 'run ["ls","-q"] {"quiet":true}'],
    ["run -- -- x", 'run ["--","x"] {}'],
    ["run --name -- ls", 'run ["ls"] {"name":"--"}'],
    ["run -5 -q", 'run ["-5","-q"] {}'],
    ["-q run ls -q", 'run ["ls","-q"] {"quiet":true}'],
    ["watch -p 5 -- make -j8", 'watch ["make","-j8"] {"pid":[5]}'],
    ["watch -- -p 5", 'watch ["-p","5"] {}'],
    ["watch -p 5 --", 'watch [] {"pid":[5]}'],
  ];
  for (const [line, expected] of rows) assert.equal(called(line.split(" ")), expected, line);
  assert.equal(called(["tree", ""]), 'tree [""] {}');
});

test("actions have operands and options of their own, and those before their name", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["job list", "list [] {}"],
    ["job list --all", 'list [] {"all":true}'],
    ["job --all list", 'list [] {"all":true}'],
    [
      "-q job --socket x --json list --all",
      'list [] {"all":true,"json":true,"quiet":true,"socket":"x"}',
    ],
    ["job add a 1 --only 2", 'add ["a","1","2"] {"only":true}'],
    ["job export", "export [] {}"],
    ["job export a -o=b", 'export ["a"] {"output":"=b"}'],
    ["job rule add a --exe b --exe=c", 'add ["a"] {"exe":["b","c"]}'],
    ["job --exe b rule --exe c add a", 'add ["a"] {"exe":["b","c"]}'],
    ["job rule list --socket x", 'list [] {"socket":"x"}'],
  ];
  for (const [line, expected] of rows) assert.equal(called(line.split(" ")), expected, line);
});

test("each page can be asked for in several ways", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["--help", "help fh"],
    ["help", "help fh"],
    ["-q", "help fh"],
    ["--", "help fh"],
    ["help --json", "help fh"],
    ["--help log", "help fh"],
    ["help help", "help fh"],
    ["log -h", "help fh log"],
    ["log -qh --pid x", "help fh log"],
    ["log --nonsense --help", "help fh log"],
    ["help log more", "help fh log"],
    ["job --help", "help fh job"],
    ["job -q help", "help fh job"],
    ["help job", "help fh job"],
    ["job add --help", "help fh job add"],
    ["job add a 1 -h", "help fh job add"],
    ["help job add", "help fh job add"],
    ["job help add", "help fh job add"],
    ["job rule -h", "help fh job rule"],
    ["help job rule add", "help fh job rule add"],
    ["-V", "version"],
    ["--version log", "version"],
    ["log -qV --pid x", "version"],
    ["job add --version", "version"],
    ["run --name x -V ls", "version"],
    ["run ls -V", 'run ["ls","-V"] {}'],
  ];
  for (const [line, expected] of rows) assert.equal(called(line.split(" ")), expected, line);
  assert.equal(called([]), "nothing");
});

test("what is wrong is told, the first on the line first", () => {
  const pid = "give a whole number from 1 to 4194304";
  const rows: readonly (readonly [string, string])[] = [
    ["lgo", "Unknown command: lgo; did you mean log?"],
    ["complet", "Unknown command: complet; see fh --help"],
    ["help lgo", "Unknown command: lgo; did you mean log?"],
    ["lgo --source x", "Unknown command: lgo; did you mean log?"],
    ["--source x lgo", "Unknown source: x; give one of auto, connector, poll, replay"],
    ["--source", "Missing value: --source <name>; see fh --help"],
    ["-p 1 log", "Unknown option: -p; see fh --help"],
    ["log -p", "Missing value: -p, --pid <pid>; see fh log --help"],
    ["log -fp", "Missing value: -p, --pid <pid>; see fh log --help"],
    ["log -pf", `Bad pid: f; ${pid}`],
    ["log -p x --nonsense", `Bad pid: x; ${pid}`],
    ["log --nonsense -p x", "Unknown option: --nonsense; see fh log --help"],
    ["log --jsno", "Unknown option: --jsno; did you mean --json?"],
    ["log --lim 5", "Unknown option: --lim; did you mean --limit?"],
    ["log --fold", "Unknown option: --fold; did you mean --no-fold?"],
    ["log --no-follow", "Unknown option: --no-follow; did you mean --follow?"],
    ["log --secret=hunter2", "Unknown option: --secret; see fh log --help"],
    ["log -xhunter2", "Unknown option: -x; see fh log --help"],
    ["log -q\u{1f600}x", "Unknown option: -\u{1f600}; see fh log --help"],
    ["log -q-x", "Unknown option: --; see fh log --help"],
    ["log ---x", "Unknown option: ---x; see fh log --help"],
    ["log --=x", "Unknown option: --; see fh log --help"],
    ["log --__proto__ x", "Unknown option: --__proto__; see fh log --help"],
    ["--json=flat log", "Stray value: --json takes none; see fh log --help"],
    ["tree --json=nested", "Unknown form of JSON: nested; give flat"],
    ["log --json=hunter2", "Stray value: --json takes none; see fh log --help"],
    ["log --no-fold=1", "Stray value: --no-fold takes none; see fh log --help"],
    ["log 5", "Too many operands: 1, not 0; see fh log --help"],
    ["tree 5 -- 6", "Too many operands: 2, not 1; see fh tree --help"],
    ["tree 5 6 -x", "Unknown option: -x; see fh tree --help"],
    ["run", "Missing operand: command; see fh run --help"],
    ["run -x ls", "Unknown option: -x; see fh run --help"],
    ["watch ls -p 5", "Stray operand: ls; did you mean this: ls -p 5?"],
    ["watch -p 5 ls -- x", "Stray operand: ls; did you mean this: ls -- x?"],
    ["watch --db -- ls", "Stray operand: ls; did you mean this: ls?"],
    ["watch -5", "Stray operand: -5; did you mean this: -5?"],
    ["job", "Missing operand: action; see fh job --help"],
    ["job rule --socket x", "Missing operand: action; see fh job rule --help"],
    ["job lsit", "Unknown action: lsit; did you mean list?"],
    ["job frob --help", "Unknown action: frob; see fh job --help"],
    ["job rule frob", "Unknown action: rule frob; give rule add, list or remove"],
    ["job rule lsit", "Unknown action: rule lsit; did you mean rule list?"],
    ["job --frob list", "Unknown option: --frob; see fh job --help"],
    ["job add a", "Missing operands: fh job add NAME PID..."],
    ["job list a", "Too many operands: fh job list"],
    ["job export a b", "Too many operands: fh job export [NAME]"],
    ["job rule add", "Missing operands: fh job rule add NAME"],
    ["job list --only", "Bad options: job list with --only; that is for add, remove"],
    ["job --only list", "Bad options: job list with --only; that is for add, remove"],
    ["job list -o x", "Bad options: job list with --output; that is for export"],
    ["job list --exe x", "Bad options: job list with --exe; that is for rule add"],
    ["job list --alll", "Unknown option: --alll; did you mean --all?"],
  ];
  for (const [line, expected] of rows) assert.equal(complaint(line.split(" ")), expected, line);
  assert.equal(complaint([""]), "Unknown command: ''; see fh --help");
  assert.equal(complaint(["help", ""]), "Unknown command: ''; see fh --help");
  assert.equal(complaint(["watch", ""]), "Stray operand: ''; did you mean this: ?");
});
