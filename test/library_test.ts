/** fh as a library: the example runs, every way out ends the capture, nothing is left behind. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SourceRefused, takeTree, watch, type WatchEvent } from "../mod.ts";
import { withChild } from "./proc/child.ts";
import { temporaryFolder } from "./support/at_end.ts";
import { connectorMissing, run } from "./support/observe.ts";
import { FH_SOURCE, Running } from "./support/running.ts";
import { unless } from "./support/unless.ts";
import { until } from "./support/until.ts";

const MODULE = new URL("../mod.ts", import.meta.url);
const STARTS = 20;

const folder = temporaryFolder("fh-library-");

/** The program in a module's doc comment, importing the module from where it is. */
function exampleOf(module: URL): string {
  const text = readFileSync(fileURLToPath(module), "utf8");
  const [, block = ""] = /^ \* ```ts\n((?: \*.*\n)*?) \* ```$/m.exec(text) ?? [];
  const code = block.replaceAll(/^ \* ?/gm, "");
  assert.ok(code.includes('"./mod.ts"'), "the example imports the module");
  return code.replace('"./mod.ts"', JSON.stringify(module.href));
}

test("the example of mod.ts runs as it stands", async () => {
  const path = join(folder, "example.ts");
  writeFileSync(path, exampleOf(MODULE));
  await using running = Running.start([...FH_SOURCE.slice(0, -1), path]);
  await running.wrote("\n");
  assert.match(running.stdout, /^(?:connector|poll) \S/);
  // A process that ends is what the example waits for.
  await run("sh", ["-c", "sleep 0.05"]);
  const { status, stdout, stderr } = await running.end();
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\n\d+ /);
});

for (const source of ["poll", "connector"] as const) {
  const missing = source === "connector" ? connectorMissing : null;

  test(...unless(missing, `watch() through ${source} ends with return()`), async () => {
    const events = watch({ source });
    const first = (await events.next()).value as WatchEvent;
    assert.deepEqual([first.event, first.source], ["source", source]);
    assert.deepEqual(await events.return(), { done: true, value: undefined });
    assert.deepEqual(await events.next(), { done: true, value: undefined });
  });

  test(...unless(missing, `watch() through ${source} ends with an AbortSignal`), async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const { event } of watch({ source, snapshot: true, signal: abort.signal })) {
      seen.push(event);
      if (event === "snapshot") abort.abort();
    }
    assert.equal(seen[0], "source");
    assert.ok(seen.includes("snapshot"));
  });

  test(
    ...unless(missing, `watch() through ${source} with an aborted signal ends at once`),
    async () => {
      const seen: string[] = [];
      for await (const { event } of watch({ source, signal: AbortSignal.abort() })) {
        seen.push(event);
      }
      assert.equal(seen[0], "source");
    },
  );

  test(
    ...unless(missing, `watch() through ${source} leaves no descriptor and no thread behind`),
    async () => {
      const start = async () => {
        for await (const { event } of watch({ source, snapshot: true })) {
          if (event === "snapshot") break;
        }
      };
      // What a runtime makes once for all Workers is there after the first few.
      for (let i = 0; i < 3; i++) await start();
      const count = (name: string) => readdirSync(`/proc/self/${name}`).length;
      const [files, threads] = [count("fd"), count("task")];
      for (let i = 0; i < STARTS; i++) await start();
      await until(() => count("fd") <= files);
      // Runtimes start helpers when they like: a leak would be one thread for each start.
      await until(() => count("task") < threads + STARTS / 4);
    },
  );
}

test("watch() throws SourceRefused, with advice, for a source that cannot be had", async () => {
  // The link names a pid namespace that is not the initial one.
  mkdirSync(join(folder, "self/ns"), { recursive: true });
  symlinkSync("pid:[1]", join(folder, "self/ns/pid"));
  const events = watch({ source: "connector", procRoot: folder });
  await assert.rejects(events.next(), (error) => {
    assert.ok(error instanceof SourceRefused);
    assert.match(error.message, /^this is another pid namespace/);
    assert.equal(error.advice, "run on the host, or with --pid=host");
    return true;
  });
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test("takeTree() finds this process below its parent", () => {
  const forest = takeTree();
  const found = forest.find(process.pid);
  assert.equal(found?.process.ppid, process.ppid);
  const parent = forest.find(process.ppid);
  assert.ok(parent === undefined || parent === null || parent.children.includes(found!));
});

test("takeTree() and watch() hide secrets, unless told to show them", async () => {
  await withChild("echo up; read x", ["--token", "hunter2", "lima"], async (pid) => {
    const taken = (redact?: boolean | RegExp[]) =>
      takeTree("/proc", redact).find(pid)!.process.image.argv!.slice(-3).join(" ");
    const watched = async (redact?: boolean | RegExp[]) => {
      const settings = redact === undefined ? {} : { redact };
      for await (const seen of watch({ source: "poll", snapshot: true, ...settings })) {
        if (seen.event === "snapshot" && seen.pid === pid) return seen.argv!.slice(-3).join(" ");
      }
      return null;
    };
    for (const look of [taken, watched]) {
      assert.equal(await look(), "--token *** lima");
      assert.equal(await look([/lima/]), "--token *** ***");
      assert.equal(await look(false), "--token hunter2 lima");
    }
  });
});
