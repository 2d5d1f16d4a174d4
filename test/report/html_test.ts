import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Buffer } from "node:buffer";
import { inflateRawSync } from "node:zlib";
import { writePiecesTo } from "../../src/cmd/report/write.ts";
import { Stopped } from "../../src/fault.ts";
import { FORMATS } from "../../src/report/formats.ts";
import { html } from "../../src/report/html.ts";
import { unpack } from "../../src/report/page/packed.ts";
import { fakeContext } from "../support/fake_output.ts";
import { frameOf, madeUpBuild, runOf, spanOf } from "../support/report_spans.ts";

/** SHA-256 of the data of one build, whoever has written them. */
const SUM = "28314c9d8ce13737e389ea0f9ce45ee478e70df89c56510f2bc362d728decfce";
const NOW = Date.UTC(2026, 10, 30);

function partsOf(page: string) {
  const data = /<script type="text\/plain" id="data">([^<]*)<\/script>/.exec(page)![1]!;
  const script = /<script type="module">([^]*?)<\/script>/.exec(page)![1]!;
  const style = /<style>([^]*?)<\/style>/.exec(page)![1]!;
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
  return { data, script, style, policy };
}

function digest(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

test("the policy allows this one script and style, and no request", () => {
  const { script, style, policy } = partsOf(html(madeUpBuild(50), NOW));
  assert.equal(
    policy,
    `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; ` +
      "img-src data:; base-uri 'none'; form-action 'none'",
  );
});

test("nothing in the page is fetched from anywhere", () => {
  const page = html(madeUpBuild(50), NOW);
  const outer = page.replaceAll(/<(script|style)[^>]*>[^]*?<\/\1>/g, "");
  assert.doesNotMatch(outer, /https?:|src=|@import|url\(/);
  assert.match(outer, /<link rel="icon" href="data:,">/);
});

test("the data are the spans, as columns", () => {
  const { data } = partsOf(html(madeUpBuild(50), NOW));
  const { head, columns } = unpack(inflateRawSync(Buffer.from(data, "base64")));
  assert.equal(head.frame.title, "make -j8 all");
  assert.equal(head.writtenMs, NOW);
  assert.equal(columns.pid.length, head.count);
});

test("a title is text, whatever it is", () => {
  const title = "</title><script>alert(1)</script>\0\x9b @FH_DATA@ $& \ud800";
  const page = html({ frame: frameOf({ title }), spans: [] }, NOW);
  const shown = /<title>([^]*?)<\/title>/.exec(page)![1]!;
  assert.doesNotMatch(shown, /[<>"@$\0\x9b\ud800]/);
  assert.match(shown, /^&#x3c;&#x2f;title&#x3e;&#x3c;script&#x3e;alert&#x28;1/);
  assert.equal(page.split("@FH_DATA@").length, 1, "the place of the data is taken");
});

test("a process can choose no byte of the page", () => {
  const hostile = "</script><script>alert(1)</script>";
  const span = spanOf(1, null, [0, 1], [hostile, hostile]);
  const page = html(runOf([span], { title: "t", host: hostile, notes: [hostile] }), NOW);
  assert.doesNotMatch(page, /alert\(1\)/);
});

test("a report of nothing is a page, too", () => {
  assert.match(html({ frame: frameOf(), spans: [] }, NOW), /id="data">[\w+/=]+</);
});

test("all runtimes write the same bytes", () => {
  const { data } = partsOf(html(madeUpBuild(3000), NOW));
  const sum = createHash("sha256").update(data).digest("hex");
  assert.equal(sum, SUM, "where what is written was changed, this sum has to be");
});

test("a signal is heard while a page is made", async () => {
  const context = fakeContext();
  const format = FORMATS.find(({ name }) => name === "html")!;
  const pieces = await format.write(madeUpBuild(200), { weight: "wall", now: NOW });
  let pauses = 0;
  const stopping = function* () {
    for (const piece of pieces) {
      assert.equal(piece, "", "the work is over before anybody can stop it");
      if (++pauses === 3) context.abort.abort("SIGINT");
      yield piece;
    }
  };
  const stopped = writePiecesTo(context, stopping(), undefined, () => {});
  await assert.rejects(stopped, Stopped);
  assert.deepEqual([pauses, context.stdout.text], [3, ""]);
});
