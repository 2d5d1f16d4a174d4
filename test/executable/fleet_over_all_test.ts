/** What a fleet of three hosts answers over all of them, with dist/fh and a real PostgreSQL. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bare,
  done,
  fleet,
  HOSTS,
  made,
  MARK,
  missing,
  own,
  parse,
  server,
} from "../support/asked_fleet.ts";
import { unless } from "../support/unless.ts";

test(...unless(missing, "what a job has cost over all is one line"), async () => {
  const end = await made;
  const by = (key: string) => {
    const asked = [
      "account",
      "--by",
      key,
      "--host",
      "*",
      "--since",
      "1h",
      "--until",
      end,
      "--json",
    ];
    const lines = done(fleet(...asked)).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, number>);
  };
  const [each, [all, ...none]] = [by("job"), by("job-name")];
  assert.deepEqual([each.length, none.length], [3, 0]);
  assert.deepEqual([all!["name"], all!["jobs"], all!["hosts"]], ["build", 3, 3]);
  for (const field of ["members", "processes", "failed", "user_ns", "elapsed_ns"]) {
    const sum = each.reduce((total, row) => total + row[field]!, 0);
    assert.equal(all![field], sum, field);
  }
  // A job file goes with the accounting file of one host.
  const { status, stderr } = fleet("job", "export", "--host", "*");
  assert.equal(status, 2);
  assert.match(stderr, /a job file is of one, and there are db1, web1, web2; name it by --host/);
  const named = done(fleet("job", "export", "web2:build"));
  assert.deepEqual(bare(named), bare(own("web2", "job", "export", "build")));
  const open = fleet("job", "export", "--fleet", server.url("reader"), "--socket", "/x");
  assert.match(open.stderr, /--socket with a fleet/);
});

test(...unless(missing, "a report over hosts of one boot id mixes no two of them up"), async () => {
  const end = await made;
  const report = (format: string) => {
    return done(fleet("report", format, "--host", "*", "--since", "1h", "--until", end));
  };
  const ids = [...report("csv").matchAll(/^([0-9a-f]{8}_\d+-[^,]+),/gm)].map(([, id]) => id!);
  // All hosts know those that live on: they are recorded on one.
  assert.ok(new Set(ids.map((id) => id.replace(MARK, ""))).size < ids.length);
  const lines = report("json").trimEnd().split("\n").slice(1).map((line) => {
    return (JSON.parse(line) as { id: string }).id;
  });
  const since = ["--since", "1h", "--until", end];
  type Otlp = { resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[] };
  // One request a line, of so many spans.
  const spans = report("otlp").trimEnd().split("\n")
    .flatMap((line) => (JSON.parse(line) as Otlp).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ spanId }) => spanId);
  for (const told of [ids, lines, spans]) {
    assert.equal(told.length, ids.length);
    assert.equal(new Set(told).size, told.length);
  }
  // Each of them is understood, wherever a process is named.
  const [one] = done(fleet("log", "--host", "*", "-m", "only-here", "--json", ...since)).split(
    "\n",
  );
  const { id, host } = JSON.parse(one!) as { id: string; host: string };
  assert.match(id, /_\d+-/);
  assert.equal(host, "web2");
  for (
    const question of [
      ["why", id, "--json"],
      ["tree", id, "--json"],
      ["log", "-p", id, "--json", ...since],
      ["account", "-p", id, "--json"],
      ["report", "json", "-p", id],
    ]
  ) {
    for (const hosts of ["*", "web2"]) {
      const answer = done(fleet(...question, "--host", hosts));
      assert.match(answer, question[0] === "account" ? /"processes":1/ : /"host":"web2"/);
    }
  }
});

test(...unless(missing, "every process of an answer has its host"), async () => {
  const end = await made;
  const all = ["--since", "1h", "--until", end, "--json"];
  for (
    const question of [
      ["log", "-e", "fork,exec,exit", ...all],
      ["log", "--tree", ...all],
      ["tree", ...all.slice(0, -1), "--json=flat"],
      ["trouble", ...all],
      ["report", "json", ...all.slice(0, -1)],
      ["job", "list", "--all", "--json"],
      ["account", "--by", "job", ...all],
    ]
  ) {
    const text = fleet(...question, "--host", "*").stdout;
    const hosts = new Set<unknown>();
    for (const line of text.trimEnd().split("\n")) {
      parse(line, (_key, value) => {
        const { id, job, host, ...rest } = Object(value);
        const isOne = typeof id === "string" || typeof job === "number" || "event" in rest;
        if (isOne && rest["event"] !== "info") hosts.add(host);
        return value;
      });
    }
    const some = question[0] === "trouble" ? ["web1", "web2"] : HOSTS;
    assert.ok(!hosts.has(undefined), question.join(" "));
    assert.ok(some.some((host) => hosts.has(host)), question.join(" "));
  }
});

test(...unless(missing, "a host that is silent is noted in each answer"), async () => {
  const end = await made;
  server.ask("UPDATE fh.host SET seen = now() - interval '1 h' WHERE name = 'db1'");
  const all = ["--since", "1h", "--until", end];
  const questions = [
    ["log", ...all],
    ["log", "--tree", ...all],
    ["tree", ...all, "--limit", "10"],
    ["account", ...all],
    ["account", "--by", "job-name", ...all],
    ["trouble", ...all],
    ["report", "json", ...all],
    ["report", "csv", ...all],
    ["job", "list", "--all"],
    ["top", "-n", "1"],
  ];
  for (const question of questions) {
    for (const hosts of ["*", "db1"]) {
      const asked = [...question, "--host", hosts];
      const { stderr } = fleet(...asked);
      assert.match(stderr, /nothing new is known of (?:db1|1 host) for/, asked.join(" "));
      if (question[0] === "tree" || question[1] === "csv") continue;
      const { stdout } = fleet(...asked, ...question[0] === "report" ? [] : ["--json"]);
      assert.match(stdout, /nothing new is known of (?:db1|1 host) for/, asked.join(" "));
    }
  }
  for (const question of [["why", "db1:1"], ["job", "show", "db1:build"], ["tree", "db1:1"]]) {
    assert.match(fleet(...question).stderr, /nothing new is known of db1 for/, question.join(" "));
    if (question[0] === "tree") continue;
    assert.match(fleet(...question, "--json").stdout, /nothing new is known of db1 for/);
  }
  assert.doesNotMatch(fleet("log", "--host", "web1", ...all).stderr, /of db1/);
});
