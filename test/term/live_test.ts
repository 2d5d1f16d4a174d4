import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveScreen, type Terminal, windowAround } from "../../src/term/live.ts";

const NAMES: readonly (readonly [string, string])[] = [
  ["\x1b[?1049h\x1b[?25l\x1b[?7l", "~ENTER~"],
  ["\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l", "~LEAVE~"],
  ["\x1b[2J", "~CLEAR~"],
  ["\x1b[K", "~EL~"],
  ["\x1b[J", "~ED~"],
];

/** A terminal whose escapes are shown by name. */
class FakeTerminal implements Terminal {
  columns = 80;
  rows = 24;
  #text = "";

  write(text: string): void {
    this.#text += text;
  }

  /** What was written since the last time. */
  take(): string {
    let text = this.#text;
    this.#text = "";
    for (const [escape, name] of NAMES) text = text.replaceAll(escape, name);
    // deno-lint-ignore no-control-regex
    return text.replace(/\x1b\[(\d+);1H/g, "~$1~");
  }
}

function opened(): { terminal: FakeTerminal; screen: LiveScreen } {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.open();
  terminal.take();
  return { terminal, screen };
}

test("open() and close() take the terminal over and give it back, once each", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.close();
  assert.equal(terminal.take(), "");
  screen.open();
  screen.open();
  assert.ok(screen.isOpen);
  assert.equal(terminal.take(), "~ENTER~");
  screen.close();
  screen.close();
  assert.ok(!screen.isOpen);
  assert.equal(terminal.take(), "~LEAVE~");
});

test("draw() writes everything first, then what changed", () => {
  const { terminal, screen } = opened();
  screen.draw(["a", "b", "c"]);
  assert.equal(terminal.take(), "~CLEAR~~1~~EL~a~2~~EL~b~3~~EL~c");
  screen.draw(["a", "B", "c"]);
  assert.equal(terminal.take(), "~2~~EL~B");
  screen.draw(["a", "B", "c"]);
  assert.equal(terminal.take(), "");
});

test("draw() erases the lines that are no more", () => {
  const { terminal, screen } = opened();
  screen.draw(["a", "b", "c"]);
  terminal.take();
  screen.draw(["a"]);
  assert.equal(terminal.take(), "~2~~ED~");
  screen.draw(["a", "b"]);
  assert.equal(terminal.take(), "~2~~EL~b");
});

test("draw() writes everything again when the terminal has another size", () => {
  const { terminal, screen } = opened();
  screen.draw(["a"]);
  terminal.take();
  terminal.columns = 40;
  screen.draw(["a"]);
  assert.equal(terminal.take(), "~CLEAR~~1~~EL~a");
});

test("draw() writes everything again after the terminal was given away", () => {
  const { terminal, screen } = opened();
  screen.draw(["a"]);
  screen.close();
  screen.open();
  terminal.take();
  screen.draw(["a"]);
  assert.equal(terminal.take(), "~CLEAR~~1~~EL~a");
});

test("windowAround() shows all that fits, else the lines around one", () => {
  assert.deepEqual(windowAround(5, 10, 4), { start: 0, end: 5 });
  assert.deepEqual(windowAround(10, 10, 9), { start: 0, end: 10 });
  assert.deepEqual(windowAround(100, 10, 0), { start: 0, end: 10 });
  assert.deepEqual(windowAround(100, 10, 50), { start: 47, end: 57 });
  assert.deepEqual(windowAround(100, 10, 99), { start: 90, end: 100 });
});
