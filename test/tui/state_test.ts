import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key } from "../../src/term/keys.ts";
import { Process } from "../../src/model/process.ts";
import { Sum, type TopRow } from "../../src/top/row.ts";
import { drawTop, type Frame, HELP_LINES } from "../../src/tui/frame.ts";
import {
  initialState,
  press,
  type TopEffect,
  type TopState,
  withText,
} from "../../src/tui/state.ts";
import { sparkline } from "../../src/view/top.ts";

function rowOf(name: string, pid: number): TopRow {
  const process = new Process(pid, 1, 0);
  process.state = "running";
  const sum = new Sum();
  sum.live(process, pid / 100, 1 << 20);
  return sum.row(name, []);
}

const ROWS = Array.from({ length: 40 }, (_, at) => rowOf(`name${at}`, 40 - at));

function draw(state: TopState, columns = 80, height = 24, rows = ROWS, color = false): Frame {
  return drawTop(state, {
    rows: rows.map((row) => ({ row, depth: 0, hasMore: false })),
    columns,
    height,
    color,
    nameOf: ({ group }) => String(group),
    status: "source connector",
  });
}

/** A state after keys, and what was to be done. */
function after(...keys: (string | Key)[]): { state: TopState; effects: TopEffect[] } {
  let state = initialState({ key: "command", sort: "cpu" });
  const effects: TopEffect[] = [];
  for (const key of keys) {
    const [next, effect] = press(state, keyOf(key), draw(state));
    state = next;
    if (effect !== null) effects.push(effect);
  }
  return { state, effects };
}

function keyOf(key: string | Key): Key {
  if (typeof key !== "string") return key;
  return key.length === 1 ? { name: "text", text: key } : { name: key } as Key;
}

test("a screen is as large as the terminal, whatever its size", () => {
  const state = initialState({ key: "command", sort: "cpu" });
  for (const [columns, height] of [[80, 24], [160, 50], [20, 5], [1, 1], [40, 2]] as const) {
    const { lines } = draw(state, columns, height);
    assert.equal(lines.length, height);
    for (const line of lines) assert.ok(line.length <= columns, line);
  }
});

test("a screen of 80 columns shows the figures, the selected row and the keys", () => {
  const { lines } = draw(after("down").state);
  assert.match(lines[0]!, /1 subtree {2}\[2 command\]/);
  assert.match(lines[1]!, /^ vCPU% +MEMORY +LIVE +START\/s +FAIL\/s .*PID COMMAND$/);
  assert.match(lines[2]!, /^ {2}40\.0 {2}1\.0 MiB|^ {2}40\.0/);
  assert.match(lines[3]!, /39 > name1 *$/);
  assert.match(lines.at(-1)!, /^source connector; \? helps, q quits$/);
  assert.ok(HELP_LINES.every((line) => line.length <= 80));
});

test("hostile names are escaped, and the ended are dim", () => {
  const row = { ...rowOf("\x1b[2J\n漢", 1), endedAt: 5 };
  const state = initialState({ key: "command", sort: "cpu" });
  const { lines } = draw(state, 120, 10, [ROWS[0]!, row], true);
  const line = lines.find((text) => text.includes("漢"))!;
  assert.ok(line.includes("\\x1b[2J\\n漢"));
  assert.ok(line.startsWith("\x1b[2m"));
});

test("keys select, and what is selected is in sight", () => {
  assert.equal(after("down", "down", "up").state.selected, "name1");
  assert.equal(after("end").state.selected, "name39");
  assert.equal(after("end", "home").state.selected, "name0");
  assert.equal(after("page down").state.selected, "name21");
  assert.equal(after({ name: "wheel down", x: 0, y: 9 }).state.selected, "name3");
  assert.ok(draw(after("end").state).lines.some((line) => line.includes("> name39")));
});

test("keys change what rows are by, the column, the order and the pace", () => {
  assert.equal(after("tab").state.key, "user");
  assert.equal(after("back tab").state.key, "subtree");
  assert.equal(after("5").state.key, "container");
  assert.equal(after("6").state.key, "job");
  assert.equal(after("6", "tab").state.key, "subtree");
  assert.equal(after(">").state.sort, "memory");
  assert.equal(after("<").state.sort, "name");
  assert.equal(after("r").state.isReversed, true);
  assert.equal(after("f").state.isFrozen, true);
  assert.equal(after("f", "f").state.isFrozen, false);
});

test("what is typed behind / filters, and Escape shows all again", () => {
  const typed = ["/", "k", "q", "x", "backspace"];
  assert.deepEqual(after(...typed).effects, []);
  assert.equal(after(...typed).state.filter, "kq");
  assert.match(draw(after(...typed).state).lines.at(-1)!, /^Filter: kq_/);
  const { state } = after(...typed, "enter");
  assert.deepEqual([state.mode, state.filter], ["rows", "kq"]);
  assert.equal(after(...typed, "escape").state.filter, "");
  assert.equal(after(...typed, "enter", "escape").state.filter, "");
  assert.equal(after("/", { name: "paste", text: "ab" }).state.filter, "ab");
});

test("a signal is sent after a name and a yes alone, to who was selected then", () => {
  const target = ROWS[1]!.process!;
  const sent = (signal: number) => [{ do: "signal", process: target, signal }];
  assert.deepEqual(after("down", "k", "enter", "y").effects, sent(15));
  assert.deepEqual(after("down", "k", "u", "s", "r", "1", "enter", "y").effects, sent(10));
  assert.deepEqual(after("down", "k", "9", "enter", "y").effects, sent(9));
  const asked = after("down", "k", "9", "enter").state;
  assert.match(draw(asked).lines.at(-1)!, /^Send SIGKILL to \? \(39\)\? y or n$/);
  for (const key of ["n", "enter", "escape", "down"]) {
    const { state, effects } = after("k", "enter", key);
    assert.deepEqual(effects, []);
    assert.equal(state.message, "Nothing was sent");
  }
  assert.deepEqual(
    after("k", { name: "paste", text: "9" }, "enter", { name: "paste", text: "y" })
      .effects,
    [],
  );
  assert.equal(after("k", "6", "5", "enter").state.mode, "rows");
  assert.match(after("k", "0", "enter").state.message, /^No such signal/);
});

test("Enter asks why, and Escape comes back from the answer", () => {
  assert.deepEqual(after("enter").effects, [{ do: "why", process: ROWS[0]!.process! }]);
  const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`);
  const state = withText(after("down").state, lines);
  assert.ok(draw(state).lines.includes("line 0"));
  const [down] = press(state, { name: "page down" }, draw(state));
  assert.ok(draw(down).lines.includes("line 21"));
  const [back] = press(down, { name: "escape" }, draw(down));
  assert.deepEqual([back.mode, back.selected], ["rows", "name1"]);
});

test("the mouse selects rows and sorts by headings", () => {
  assert.equal(after({ name: "click", x: 30, y: 4 }).state.selected, "name2");
  assert.equal(after({ name: "click", x: 30, y: 0 }).state.selected, null);
  const memory = { name: "click", x: 10, y: 1 } as const;
  assert.equal(after(memory).state.sort, "memory");
  assert.equal(after(memory, memory).state.isReversed, true);
  assert.equal(after({ name: "click", x: 79, y: 1 }).state.sort, "name");
});

test("q and Ctrl-C quit, the latter everywhere", () => {
  assert.deepEqual(after("q").effects, [{ do: "quit" }]);
  assert.deepEqual(after("/", "q", "interrupt").effects, [{ do: "quit" }]);
  assert.deepEqual(after("k", "suspend").effects, [{ do: "suspend" }]);
  assert.deepEqual(after("?").effects, [{ do: "help" }]);
});

test("bars show the last minute, the latest on the right", () => {
  assert.equal(sparkline([100], 4, 4), "   █");
  assert.equal(sparkline([0, 50, 100, 1], 4, 4), " ▄█▁");
  assert.equal(sparkline([0, 200, 0, 100], 2, 4), "█▄");
});
