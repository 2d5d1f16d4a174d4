import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readFiles, ROOT } from "./support/source_files.ts";
import {
  type Arrows,
  checkArrows,
  checkCircles,
  checkConsole,
  checkDead,
  checkDefaultExports,
  checkDocs,
  checkDynamicImports,
  checkFileLengths,
  checkFunctionLengths,
  checkLeftovers,
  checkLineLengths,
  checkRuntimeNames,
  checkUnused,
  drawArrows,
  type SourceFile,
} from "./support/tidy.ts";

/** The same table stands in ARCHITECTURE.md. */
const ARROWS: Arrows = {
  "ffi/": ["node:", "bun:"],
  "src/fault.ts": [],
  "src/steps.ts": ["src/fault.ts", "node:"],
  "src/wire/": [],
  "src/redact/": [],
  "src/model/": ["src/redact/"],
  "src/jobs/": ["src/model/"],
  "src/detect/": [
    "src/model/",
    "src/proc/cgroup.ts",
    "src/proc/kernel_log.ts",
    "src/text/words.ts",
  ],
  // Counts of changes by name, and how Prometheus reads them.
  "src/metrics/": ["src/model/", "src/proc/cgroup.ts", "src/text/escape.ts"],
  "src/acct/": [
    "src/fault.ts",
    "src/steps.ts",
    "src/wire/acct.ts",
    "src/model/",
    "src/text/instant.ts",
    "src/text/line_buffer.ts",
    "node:",
  ],
  "src/text/": ["src/model/"],
  "src/ask/text/": [
    "src/fault.ts",
    "src/model/",
    "src/host/local_time.ts",
    "src/redact/",
    "src/text/instant.ts",
  ],
  "src/ask/store.ts": ["src/model/", "src/jobs/"],
  "src/report/span.ts": [],
  // What runs in a browser: no room that needs a runtime.
  "src/report/page/": [
    "src/report/span.ts",
    "src/model/critical_path.ts",
    "src/model/passed_on.ts",
    "src/model/time_order.ts",
    "src/text/",
    "@preact/signals",
    "@tanstack/virtual-core",
    "d3-hierarchy",
    "preact",
    "preact/hooks",
  ],
  "src/report/": [
    "src/report/span.ts",
    "src/report/page/",
    "src/model/",
    "src/text/",
    "@opentelemetry/otlp-transformer",
    "pbf",
    "pprof-format",
    "node:",
  ],
  "src/ask/": [
    "src/report/span.ts",
    "src/detect/",
    "src/ask/store.ts",
    "src/ask/text/",
    "src/host/",
    "src/model/",
    "src/redact/",
    "src/text/",
    "src/proc/",
    "src/fault.ts",
    "src/steps.ts",
    "src/jobs/",
    "node:",
  ],
  "src/top/": ["src/model/"],
  "src/tui/": ["src/model/process.ts", "src/term/", "src/text/", "src/top/", "src/view/"],
  "src/proc/": ["src/model/", "node:"],
  "src/source/": ["ffi/", "src/wire/", "src/proc/", "src/model/", "node:"],
  "src/session.ts": ["src/source/", "src/proc/", "src/model/", "node:"],
  "src/history/": [
    "src/ask/store.ts",
    "src/model/",
    "src/proc/cgroup.ts",
    "src/jobs/",
    "src/steps.ts",
    "node:",
  ],
  "src/ask/open/": [
    "src/ask/",
    "src/ask/store.ts",
    "src/history/",
    "src/host/",
    "src/model/process.ts",
    "src/proc/",
    "src/fault.ts",
    "src/steps.ts",
    "node:",
  ],
  // A host's history to wherever: it knows no sink but by what one answers for.
  "src/ship/": [
    "src/ask/",
    "src/ask/text/",
    "src/history/",
    "src/model/",
    "src/fault.ts",
    "src/steps.ts",
    "node:",
  ],
  // The only room that knows the client of NATS.
  "src/ship/nats/": [
    "src/ship/",
    "src/history/",
    "src/view/",
    "src/proc/passwd.ts",
    "src/text/byte_text.ts",
    "src/model/",
    "src/fault.ts",
    "@nats-io/jetstream",
    "@nats-io/transport-node",
    "node:",
  ],
  "src/ship/otlp/": [
    "src/ship/",
    "src/collector/",
    "src/report/",
    "src/report/span.ts",
    "src/ask/",
    "src/history/",
    "src/proc/passwd.ts",
    "src/text/",
    "src/model/",
    "src/fault.ts",
    "@opentelemetry/otlp-transformer",
  ],
  "src/ship/open/": [
    "src/ship/",
    "src/ship/nats/",
    "src/ship/otlp/",
    "src/fleet/",
    "src/proc/users.ts",
    "src/fault.ts",
  ],
  // The same in a thread of a recorder.
  "src/ship/thread/": ["ffi/", "src/ask/", "src/proc/", "src/ship/", "src/ship/open/", "node:"],
  // Many hosts in one PostgreSQL: the only room that knows its client.
  "src/fleet/": [
    "src/ask/store.ts",
    "src/history/",
    "src/jobs/",
    "src/ship/",
    "src/proc/users.ts",
    "src/model/",
    "src/fault.ts",
    "src/steps.ts",
    "pg",
    "node:",
  ],
  // Requests of HTTP to a collector of OpenTelemetry.
  "src/collector/": ["src/report/", "src/fault.ts", "src/steps.ts", "node:"],
  "src/host/": ["ffi/", "node:"],
  "src/view/": [
    "src/top/",
    "src/detect/",
    "src/model/",
    "src/proc/cgroup.ts",
    "src/proc/passwd.ts",
    "src/text/",
    "src/jobs/",
    "src/acct/",
    "src/ask/",
    "src/ask/store.ts",
    "src/steps.ts",
  ],
  // What the page and the gateway say alike.
  "src/web/operations.ts": [],
  "src/web/page/": [
    "src/web/operations.ts",
    "src/report/span.ts",
    "src/report/",
    "src/report/page/",
    "src/serve/client/",
    "src/text/",
    "@preact/signals",
    "preact",
    "preact/hooks",
  ],
  "src/web/": ["src/web/operations.ts", "src/serve/client/", "src/text/", "src/fault.ts", "node:"],
  "src/term/": ["src/fault.ts", "src/model/", "src/text/", "node:"],
  "src/cli/": [
    "src/fault.ts",
    "src/model/batch.ts",
    "src/source/capture.ts",
    "src/term/",
    "src/ask/text/",
    "src/ask/notes.ts",
    "src/text/",
    "node:",
  ],
  "src/serve/": [
    "ffi/",
    "src/host/crontabs.ts",
    // When what findings tell of was, in words.
    "src/host/local_time.ts",
    "src/model/",
    "src/proc/",
    "src/view/",
    "src/text/",
    "src/ask/",
    "src/ask/open/",
    "src/ask/store.ts",
    "src/ask/text/",
    "src/fault.ts",
    "src/steps.ts",
    "src/redact/",
    "src/jobs/",
    "re2js",
    "node:",
  ],
  "src/serve/client/": [
    "src/fault.ts",
    "src/model/",
    "src/text/words.ts",
    "src/text/line_buffer.ts",
    "src/source/capture.ts",
    "src/serve/place.ts",
    "node:",
  ],
  "src/recorder/": [
    "src/detect/",
    "src/metrics/",
    "src/session.ts",
    "src/history/",
    "src/host/",
    "src/jobs/",
    "src/model/",
    "src/proc/",
    "src/serve/",
    "src/ship/",
    "src/ship/thread/",
    "src/text/words.ts",
    "src/view/json.ts",
    "src/view/past_json.ts",
    "src/view/trouble.ts",
    "src/fault.ts",
    "src/version.ts",
    "src/ask/",
    "src/ask/text/",
    "src/steps.ts",
    "node:",
  ],
  "src/cmd/": [
    "src/report/",
    "src/report/span.ts",
    "src/fleet/",
    "src/ship/",
    "src/ship/open/",
    "src/ship/thread/",
    "src/collector/",
    "src/top/",
    "src/tui/",
    "src/detect/",
    "src/metrics/",
    "src/version.ts",
    "src/session.ts",
    "src/recorder/",
    "src/web/",
    "src/source/capture.ts",
    "src/source/thread.ts",
    "src/source/probe/probe.ts",
    "src/source/probe/probe_judge.ts",
    "src/history/place.ts",
    "src/history/history_error.ts",
    "src/host/",
    "src/view/",
    "src/serve/",
    "src/proc/",
    "src/model/",
    "src/redact/",
    "src/text/",
    "src/fault.ts",
    "src/term/",
    "src/ask/text/",
    "src/cli/",
    "src/jobs/",
    "src/steps.ts",
    "src/acct/",
    "src/ask/",
    "src/ask/open/",
    "src/ask/store.ts",
    "node:",
  ],
  "src/library.ts": [
    "src/session.ts",
    "src/source/capture.ts",
    "src/serve/",
    "src/view/",
    "src/proc/",
    "src/model/",
    "src/redact/",
  ],
  "src/version.ts": [],
  "src/commands.ts": [
    "src/cmd/",
    "src/version.ts",
    "src/fault.ts",
    "src/cli/",
    "src/host/local_time.ts",
  ],
  "bin/": ["src/commands.ts", "src/version.ts", "src/term/fd_output.ts", "ffi/", "node:"],
  "mod.ts": [
    "src/library.ts",
    "src/source/capture.ts",
    "src/source/recording.ts",
    "src/proc/",
    "src/wire/",
    "src/model/",
    "src/redact/",
    "src/jobs/",
  ],
};

/** Where a run begins: the program, the library, the Workers, the pages. */
const ENTRIES = [
  "bin/fh.ts",
  "mod.ts",
  "src/source/worker.ts",
  "src/serve/worker.ts",
  "src/ship/thread/worker.ts",
  "src/report/page/main.tsx",
  "src/web/page/main.tsx",
];

const PRODUCT = readFiles(["bin", "ffi", "src", "mod.ts"]);
const ALL = [...PRODUCT, ...readFiles(["scripts", "test"])];
const NAMES_NO_RUNTIME = PRODUCT.filter(({ path }) =>
  !["ffi/", "src/source/worker", "src/serve/worker"].some((begin) => path.startsWith(begin))
);
const BELOW_BIN = PRODUCT.filter(({ path }) => !path.startsWith("bin/"));

/** A rule: its name, the check, and a file that breaks it. */
const RULES: readonly [string, (files?: SourceFile[]) => string[], SourceFile][] = [
  [
    "imports follow the arrows",
    (files = PRODUCT) => checkArrows(files, ARROWS),
    { path: "src/wire/bad.ts", text: 'export {\n  a,\n} from "../../ffi/linux.ts";\n' },
  ],
  [
    "rooms import each other in no circle",
    (files = []) => checkCircles([...PRODUCT, ...files], ARROWS),
    { path: "src/proc/bad.ts", text: 'import type { A } from "../session.ts";\n' },
  ],
  [
    "every file is used by the program, the library or the Worker",
    (files = PRODUCT) => checkDead(files, ENTRIES),
    { path: "src/view/bad.ts", text: "export const a = 1;\n" },
  ],
  [
    "only ffi/ and the Worker name a runtime",
    (files = NAMES_NO_RUNTIME) => checkRuntimeNames(files),
    { path: "src/view/bad.ts", text: "const a = Deno.args;\n" },
  ],
  [
    "nothing exports a default",
    (files = ALL) => checkDefaultExports(files),
    { path: "src/view/bad.ts", text: "export default function a(): void {}\n" },
  ],
  [
    "dynamic imports are literal",
    (files = PRODUCT) => checkDynamicImports(files),
    { path: "src/view/bad.ts", text: 'await import("./" + name);\n' },
  ],
  [
    "nothing below bin/ writes to the console",
    (files = BELOW_BIN) => checkConsole(files),
    { path: "src/view/bad.ts", text: "console.error(1);\n" },
  ],
  [
    "nothing is left to be finished",
    (files = ALL) => checkLeftovers(files),
    { path: "src/view/bad.ts", text: "// TO" + "DO: all of it\n" },
  ],
  [
    "every export has a doc comment",
    (files = PRODUCT) => checkDocs(files),
    { path: "src/view/bad.ts", text: "/** Module. */\n\nexport const a = 1;\n" },
  ],
  [
    "lines are at most 100 characters long",
    (files = ALL) => checkLineLengths(files, 100),
    { path: "src/view/bad.ts", text: `// ${"é".repeat(98)}\n` },
  ],
  [
    "functions are at most 70 lines long",
    (files = ALL) => checkFunctionLengths(files, 70),
    { path: "src/view/bad.ts", text: `function a(): { b: c } {${"\n".repeat(70)}}\n` },
  ],
  [
    "files are at most 450 lines long",
    (files = ALL) => checkFileLengths(files, 450),
    { path: "src/view/bad.ts", text: "a();\n".repeat(451) },
  ],
];

test("each room of the table is there, and each arrow is followed", () => {
  assert.deepEqual(checkUnused(PRODUCT, ARROWS), []);
  const more = { ...ARROWS, "src/nowhere/": [], "src/wire/": ["node:"] };
  assert.deepEqual(checkUnused(PRODUCT, more).sort(), [
    "src/nowhere/ is no room",
    "src/wire/ does not import node:",
  ]);
});

for (const [name, check, bad] of RULES) {
  test(name, () => assert.deepEqual(check(), []));
  test(`a file that breaks the rule is found: ${name}`, () => {
    assert.equal(check([bad]).length, 1);
  });
}

test("ARCHITECTURE.md has the table of arrows", () => {
  const table = drawArrows(ARROWS);
  const path = join(ROOT, "ARCHITECTURE.md");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  assert.ok(text.includes(table), `ARCHITECTURE.md must have this table:\n\n${table}\n`);
});
