import assert from "node:assert/strict";
import { test } from "node:test";
import { readReport } from "../../scripts/junit.mjs";

const DENO_2_9 = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.118">
    <testsuite name="./test/a_test.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="a &quot; &lt;x&gt; &amp; &apos;y&apos;" classname="./test/a_test.ts">
        </testcase>
        <testcase name="needs gcc" classname="./test/a_test.ts" time="0.000" line="4" col="1">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./test/a_test.ts" time="0.000" line="7" col="1">
            <failure message="&lt;skipped/&gt;">AssertionError
    at &lt;anonymous&gt;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

const BUN_1_4 = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.06">
  <testsuite name="test/a_test.ts" file="test/a_test.ts" tests="3" failures="1" skipped="1">
    <testcase name="a &quot; &lt;x&gt; &amp; &apos;y&apos;" classname="" file="test/a_test.ts" />
    <testsuite name="d" file="test/a_test.ts" line="6" tests="1" failures="0" skipped="1">
      <testcase name="needs gcc" classname="d" time="0" file="test/a_test.ts" line="6">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="bad" classname="" time="0.000256" file="test/a_test.ts" line="7">
      <failure type="AssertionError" message="1&#10;">AssertionError: 1&#10;</failure>
    </testcase>
  </testsuite>
</testsuites>`;

const EXPECTED = [
  { name: "a \" <x> & 'y'", file: "test/a_test.ts", result: "passed" },
  { name: "needs gcc", file: "test/a_test.ts", result: "skipped" },
  { name: "bad", file: "test/a_test.ts", result: "failed" },
];

for (const [writer, xml] of [["deno test", DENO_2_9], ["bun test", BUN_1_4]] as const) {
  test(`readReport() reads what ${writer} writes`, () => {
    assert.deepEqual(readReport(xml), EXPECTED);
  });
}

test("readReport() finds nothing in a report that broke off", () => {
  assert.deepEqual(readReport(""), []);
  assert.deepEqual(readReport(BUN_1_4.slice(0, 250)), []);
});
