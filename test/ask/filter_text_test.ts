import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilterText } from "../../src/ask/filter_text.ts";
import { UsageError } from "../../src/fault.ts";

test("a filter is the options of fh log in one text", () => {
  const { user, comm, match, cgroup, failed, minDuration } = parseFilterText(
    `-u root --user=7 -c 'a b*' -m "x y" -m "it's" --cgroup '/system.slice/*' ` +
      "--failed --min-duration 2s",
  );
  assert.deepEqual(user, ["root", "7"]);
  assert.deepEqual(["a bc", "a c"].map(comm![0]!), [true, false]);
  assert.deepEqual(match!.map((one) => one.test("it's x y")), [true, true]);
  assert.equal(match![0]!.test("xy"), false);
  assert.equal(cgroup![0]!("/system.slice/a"), true);
  assert.equal(failed, true);
  assert.equal(minDuration, 2e9);
  assert.deepEqual(parseFilterText("--failed"), { failed: true });
});

test("what is no filter is refused, and says what is", () => {
  for (
    const text of ["", "  ", "nginx", "-p 1", "--event exec", "-c 'a", '-c "a', "-c", "--failed=1"]
  ) {
    assert.throws(
      () => parseFilterText(text),
      (error) => error instanceof UsageError && /^Bad filter: .*as in fh log$/s.test(error.message),
      text,
    );
  }
  assert.throws(() => parseFilterText("--min-duration soon"), UsageError);
  assert.throws(() => parseFilterText("-m ("), UsageError);
});
