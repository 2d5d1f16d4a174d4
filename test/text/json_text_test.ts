import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { escapeText } from "../../src/text/escape.ts";
import { jsonText } from "../../src/text/json_text.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

test("jsonText() escapes what a terminal would act on or not show", () => {
  const text =
    "a\x7f\x9b2J\u00ad\u202e\u2066\u200b\u200d\ufeff\u2028\u2029\u{e0041}é東\u{1f600}\ufe0f";
  assert.equal(
    jsonText({ [text]: [text] }),
    `{"T":["T"]}`.replaceAll(
      "T",
      "a\\u007f\\u009b2J\\u00ad\\u202e\\u2066\\u200b\\u200d\\ufeff\\u2028\\u2029\\udb40\\udc41" +
        "é東\u{1f600}\ufe0f",
    ),
  );
});

test("jsonText() says what JSON.stringify() says, and shows no more than escapeText()", () => {
  const next = random(14);
  for (let i = 0; i < 2000; i++) {
    const value = { name: randomText(next), list: [randomText(next), i, null, true] };
    const text = jsonText(value);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.equal(escapeText(text), text);
  }
});

/** What is JSON for no reader of ours, by file and how often. */
const OTHERS: Readonly<Record<string, number>> = {
  // A key of what was asked.
  "cmd/web/backend.ts": 1,
  "serve/job_requests.ts": 1,
  "serve/client/answer_text.ts": 1,
  "serve/client/socket_client.ts": 1,
  "serve/connections.ts": 1,
  "serve/filter.ts": 1,
  "serve/outbox.ts": 1,
  "text/json_text.ts": 1,
  "view/listeners.ts": 1,
};

test("whatever is shown as JSON is written by jsonText()", () => {
  const root = fileURLToPath(new URL("../../src/", import.meta.url));
  const files = ["cmd", "recorder", "serve", "text", "view"].flatMap((room) =>
    readdirSync(join(root, room), { encoding: "utf8", recursive: true })
      .filter((name) => name.endsWith(".ts")).map((name) => `${room}/${name}`)
  );
  const found = files.flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    const count = lines.filter((line) => /^ *[^ /*].*JSON\.stringify\(/.test(line)).length;
    return count > 0 ? [[file, count]] : [];
  });
  assert.deepEqual(Object.fromEntries(found), OTHERS);
});
