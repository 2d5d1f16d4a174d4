/** The poller tells an exec from a command line that a process has rewritten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "../support/executable.ts";
import { observe, run, type TaskEvent } from "../support/observe.ts";
import { unless } from "../support/unless.ts";

const missing = runProgram("perl", ["-e", "1"]).status === 0 ? null : "needs perl";

/** Seconds that are long enough for the poller to come by. */
const PAUSE = "select(undef, undef, undef, 0.5);";
const titled = (title: string) => `${PAUSE} $0 = "${title}"; ${PAUSE}`;

/** A program of its own; one that was forked and never executed any; both take a title. */
const TITLES = `
if (my $child = fork()) { waitpid($child, 0) } else { ${titled("fh-title-forked")}; exit }
${titled("fh-title-executed")}`;

const name = "a rewritten title is told as an inferred exec, an exec as a sure one";
test(...unless(missing, name), async () => {
  const { events } = await observe({ source: "poll" }, async () => {
    await run("perl", ["-e", TITLES]);
    // Two programs in one process, of one file: only its stack tells the second.
    return await run("sh", ["-c", "sleep 0.5; exec sh -c 'sleep 0.5; : fh-second'"]);
  });
  const execs = events.filter((event): event is TaskEvent => event.event === "exec");
  const marksOf = (word: string) =>
    execs.filter(({ argv }) => argv?.some((one) => one.includes(word)) && argv.length < 9)
      // What a runtime starts has its whole path.
      .map(({ argv, inferred }) => [argv![0]!.split("/").at(-1), inferred ?? false]);
  assert.deepEqual(marksOf("fh-title-forked").slice(-1), [["fh-title-forked", true]]);
  assert.deepEqual(marksOf("fh-title-executed").slice(-1), [["fh-title-executed", true]]);
  assert.deepEqual(marksOf("fh-second"), [["sh", false], ["sh", false]]);
  assert.deepEqual(marksOf("$0 ="), [["perl", false]]);
});
