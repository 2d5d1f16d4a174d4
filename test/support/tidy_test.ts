import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkArrows,
  checkConsole,
  checkDead,
  checkDefaultExports,
  checkDynamicImports,
} from "./tidy.ts";

const ROOMS = { "src/model/": [], "src/wire/": [] };

test("the rules read code, not comments, strings and templates", () => {
  const text = [
    '// import "../../ffi/mod.ts"; console.log(1); export default 1',
    'const a = `${`${{ b: 1 }}`} export default`; const c = "console.log(import(x))";',
    'const d = /["`{]/; const e = 4 / 2; /* import("./" + a) */',
    'import { f } from "./f.ts";',
    "",
  ].join("\n");
  const files = [{ path: "src/wire/good.ts", text }];
  assert.deepEqual(checkArrows(files, ROOMS), []);
  assert.deepEqual(checkConsole(files), []);
  assert.deepEqual(checkDefaultExports(files), []);
  assert.deepEqual(checkDynamicImports(files), []);
});

test("an import is found however it is written", () => {
  const target = '"../../ffi/mod.ts"';
  const ways = [
    `import ${target};`,
    `import type { A } from ${target};`,
    `import {\n  a,\n  type B,\n} from ${target};`,
    `import * as a from ${target};`,
    `export * from ${target};`,
    `const a = await import(${target});`,
    `type A = import(${target}).A;`,
  ];
  for (const text of ways) {
    const problems = checkArrows([{ path: "src/model/bad.ts", text }], ROOMS);
    assert.equal(problems.length, 1, text);
  }
});

test("two files that import only each other are dead", () => {
  const files = [
    { path: "mod.ts", text: 'export { a } from "./src/a.ts";' },
    { path: "src/a.ts", text: "export const a = 1;" },
    { path: "src/b.ts", text: 'import "./c.ts";' },
    { path: "src/c.ts", text: 'import "./b.ts";' },
  ];
  assert.deepEqual(checkDead(files, ["mod.ts"]).map((problem) => problem.split(":")[0]), [
    "src/b.ts",
    "src/c.ts",
  ]);
});
