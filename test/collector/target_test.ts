import assert from "node:assert/strict";
import { test } from "node:test";
import { signalTarget, targetOf } from "../../src/collector/target.ts";
import { UsageError } from "../../src/fault.ts";

const ALL = "OTEL_EXPORTER_OTLP_";
const TRACES = "OTEL_EXPORTER_OTLP_TRACES_";

test("nobody is sent anything where no collector is named", () => {
  assert.equal(targetOf({ [`${ALL}ENDPOINT`]: "  " }, undefined), null);
  assert.equal(targetOf({ [`${ALL}HEADERS`]: "a=b" }, undefined), null);
});

test("the address is that of traces, or where those of all signals begin", () => {
  const url = (env: Record<string, string>, endpoint?: string) => targetOf(env, endpoint)!.url;
  const [all, traces] = [`${ALL}ENDPOINT`, `${TRACES}ENDPOINT`];
  assert.equal(url({ [all]: "http://c:4318" }), "http://c:4318/v1/traces");
  assert.equal(url({ [all]: "https://c/otlp/" }), "https://c/otlp/v1/traces");
  assert.equal(url({ [all]: "http://c", [traces]: "http://t/in" }), "http://t/in");
  assert.equal(url({ [traces]: "http://t" }), "http://t/");
  assert.equal(url({ [traces]: "http://t" }, "http://o:4318"), "http://o:4318/v1/traces");
  assert.equal(url({}, "http://o/a/v1/traces"), "http://o/a/v1/traces");
});

test("headers, form and patience are those of traces before those of all", () => {
  const env = {
    [`${ALL}HEADERS`]: "x=y",
    [`${TRACES}HEADERS`]: "Authorization=Basic%20YTpi, api-key = k=1 ,",
    [`${ALL}PROTOCOL`]: "http/json",
    [`${ALL}TIMEOUT`]: "1500",
  };
  assert.deepEqual(targetOf(env, "http://c/x"), {
    url: "http://c/x",
    headers: { authorization: "Basic YTpi", "api-key": "k=1" },
    form: "json",
    gzip: false,
    timeoutMs: 1500,
  });
  const { form, timeoutMs, headers } = targetOf({}, "http://c/x")!;
  assert.deepEqual({ form, timeoutMs, headers }, {
    form: "protobuf",
    timeoutMs: 10_000,
    headers: {},
  });
});

test("what makes no sense is refused, and no secret is told", () => {
  const bad: [Record<string, string>, string | undefined, RegExp][] = [
    [{}, "ftp://c", /^Bad endpoint: --endpoint is no URL of HTTP; give one as http:\/\/host:4318$/],
    [{}, "ann:secret@c:4318", /^Bad endpoint: --endpoint is no URL/],
    [{}, "grpc://c/?token=secret", /^Bad endpoint: --endpoint is no URL/],
    [{ [`${ALL}ENDPOINT`]: "http//ann:secret@c" }, undefined, /^Bad endpoint: OTEL_\w+ is no URL/],
    [{ [`${ALL}PROTOCOL`]: "grpc" }, "http://c", /^Bad protocol: \w+ is grpc; give http\/protobuf/],
    [{ [`${ALL}COMPRESSION`]: "zstd" }, "http://c", /^Bad compression: \w+ is zstd; give gzip/],
    [{ [`${ALL}TIMEOUT`]: "soon" }, "http://c", /^Bad timeout/],
    [{ [`${ALL}HEADERS`]: "secret" }, "http://c", /^Bad headers in \w+; write them as/],
    [{ [`${ALL}HEADERS`]: "a=secret%0d%0ab" }, "http://c", /^Bad headers in \w+; write them as/],
    [{ [`${ALL}HEADERS`]: "a=secret%zz" }, "http://c", /^Bad headers in \w+; write them as/],
  ];
  for (const [env, endpoint, seen] of bad) {
    assert.throws(() => targetOf(env, endpoint), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, seen);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

test("logs have a path and variables of their own", () => {
  const env = {
    [`${ALL}ENDPOINT`]: "http://c:4318/in",
    [`${ALL}LOGS_HEADERS`]: "a=b",
    [`${ALL}TRACES_COMPRESSION`]: "none",
  };
  const logs = signalTarget(env, null, "logs", true)!;
  const traces = signalTarget(env, null, "traces", true)!;
  assert.deepEqual([logs.url, logs.gzip, logs.headers], ["http://c:4318/in/v1/logs", true, {
    a: "b",
  }]);
  assert.deepEqual([traces.url, traces.gzip], ["http://c:4318/in/v1/traces", false]);
  const own = { ...env, [`${ALL}LOGS_ENDPOINT`]: "http://l/x" };
  assert.equal(signalTarget(own, null, "logs")!.url, "http://l/x");
  const base = new URL("https://o/p/");
  assert.equal(signalTarget(own, base, "logs")!.url, "https://o/p/v1/logs");
  assert.equal(signalTarget({}, null, "logs"), null);
});
