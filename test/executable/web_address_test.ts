/// <reference lib="dom" />
/** Addresses of the page in a browser: tokens, links, and pages that change nothing. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { missingBrowser } from "../support/browser.ts";
import { connectorMissing } from "../support/observe.ts";
import { runFh } from "../support/executable.ts";
import { Running } from "../support/running.ts";
import { ask } from "../support/server.ts";
import { unless } from "../support/unless.ts";
import { startWeb, urlOf, WebHost } from "../support/web_page.ts";

const missing = missingBrowser ?? connectorMissing;

let host: WebHost;
before(async () => {
  if (missing === null) host = await WebHost.open([]);
});
after(async () => {
  if (missing === null) await host[Symbol.asyncDispose]();
});

test(...unless(missing, "a URL that is pasted into an open tab is taken"), async () => {
  const { page } = await host.show("/host");
  await page.getByRole("heading", { name: "Recorder" }).waitFor();
  const shown = () => page.evaluate(() => sessionStorage.getItem("fh-token"));
  const token = await shown();
  // As where the gateway was started anew on the same port: the token is another.
  const other = "y".repeat(43);
  await page.evaluate((fragment) => location.hash = fragment, `#token=${other}&/jobs`);
  await page.getByLabel("URL or token").waitFor();
  await page.goto(`${urlOf(host.web)}&/jobs`);
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  assert.equal(await shown(), token);
  assert.equal(await page.evaluate(() => location.hash), "#/jobs");
  assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation").length), 1);
  // Without a view it is the first one.
  await page.goto(urlOf(host.web));
  await page.getByRole("heading", { name: "Now" }).waitFor();
  assert.doesNotMatch(page.url(), /token/);
});

test(...unless(missing, "an answer to an old token does not forget a new one"), async () => {
  const { page } = await host.show("/host");
  await page.getByRole("heading", { name: "Recorder" }).waitFor();
  const { promise: held, resolve: let401 } = Promise.withResolvers<void>();
  let isFirst = true;
  await page.route("**/api/gateway", async (route) => {
    if (!isFirst) return await route.continue();
    isFirst = false;
    await held;
    await route.fulfill({ status: 401, json: { ok: false, error: "refused", message: "old" } });
  });
  await page.waitForRequest("**/api/gateway");
  await page.evaluate((fragment) => location.hash = fragment, `#token=${"z".repeat(43)}&/host`);
  let401();
  // The new one is wrong, and forgotten for its own sake alone: then the right one is taken.
  await page.getByLabel("URL or token").waitFor();
  await page.goto(`${urlOf(host.web)}&/host`);
  await page.getByRole("heading", { name: "Recorder" }).waitFor();
});

test(...unless(missing, "a colleague sees the same under the same address"), async () => {
  await using load = Running.start(["sh", "-c", "while :; do sh -c 'exit 3'; sleep 0.05; done"]);
  const { page } = await host.show("/now");
  await page.locator("header nav").getByText("Accounts").click();
  await page.getByLabel("By").selectOption("user");
  await page.getByLabel("Since").fill("10m ago");
  await page.getByLabel("Since").press("Enter");
  await page.getByRole("button", { name: "Failed" }).click();
  await page.locator('th[aria-sort="descending"]', { hasText: "Failed" }).waitFor();
  const accounts = new URL(page.url()).hash;
  await page.evaluate((to) => location.hash = to, `#/tree?p=${load.pid}`);
  await page.getByLabel("Search").fill("exit 3");
  await page.locator("aside").getByText("Who started it").waitFor();
  const tree = new URL(page.url()).hash;

  const { page: other } = await host.show(accounts.slice(1));
  assert.equal(await other.getByLabel("By").inputValue(), "user");
  assert.equal(await other.getByLabel("Since").inputValue(), "10m ago");
  await other.locator('th[aria-sort="descending"]', { hasText: "Failed" }).waitFor();
  await other.getByText("fh account --by user --since '10m ago'").waitFor();
  await other.evaluate((to) => location.hash = to, tree);
  assert.equal(await other.getByLabel("Search").inputValue(), "exit 3");
  await other.locator("aside").getByText(new RegExp(`sh \\(${load.pid}\\)`)).first().waitFor();
});

test(...unless(missing, "what has ended is shown with what it has cost"), async () => {
  const spin = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
  await using load = Running.start(["sh", "-c", `: fh-cost; ${spin}`]);
  await load.end();
  const { page } = await host.show("/time?match=fh-cost");
  const row = page.locator(".costs tbody tr").first();
  await row.waitFor();
  const cells = await row.locator("td").allInnerTexts();
  assert.match(cells[6]!, /^\d[\d.]*m?s$/, cells.join());
  assert.match(cells[7]!, /^\d[\d.]* [KM]iB$/, cells.join());
});

test(...unless(missing, "a page that changes nothing says why, and offers no change"), async () => {
  const pages: readonly (readonly [(folder: { db: string }) => readonly string[], RegExp])[] = [
    [() => ["--read-only"], /started with --read-only/],
    [({ db }) => ["--db", db], /this is a history/],
  ];
  for (const [options, why] of pages) {
    await using fixed = await WebHost.open([], options);
    await ask(fixed.folder.socket, "job_create", { name: "fixed" });
    const { page, noise } = await fixed.show("/jobs?all=1&job=fixed");
    await page.getByText("Nothing can be changed here").waitFor();
    assert.match(await page.locator("main").innerText(), why);
    await page.getByRole("heading", { name: "fixed" }).waitFor();
    for (const name of ["Create", "Add", "Rename", "Send to all", "End the job", "Add a rule"]) {
      assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
    }
    assert.deepEqual(noise, []);
  }
});

test(...unless(missing, "the page of a history says so, and asks it in a terminal"), async () => {
  await using past = await WebHost.open([], ({ db }) => ["--db", db]);
  const { page, noise } = await past.show("/now");
  await page.getByText("in which nothing happens any more").waitFor();
  for (const view of ["tree", "time", "accounts", "findings", "jobs", "host"]) {
    await page.evaluate((to) => location.hash = to, `#/${view}`);
    await page.getByRole("heading", { level: 1, name: view }).waitFor();
    const command = await page.locator(".head .asks code").innerText();
    assert.ok(command.endsWith(`--db ${past.folder.db}`), command);
  }
  await page.getByRole("heading", { name: "History" }).waitFor();
  assert.equal(await page.getByText("What this host allows").count(), 0);
  const { status, stdout } = runFh(["record", "--status", "--db", past.folder.db]);
  assert.equal(status, 0, stdout);
  assert.deepEqual(noise, []);
});

test(...unless(missing, "commands ask the recorder that the page asks"), async () => {
  const { socket } = host.folder;
  await using web = await startWeb(["--user", "root", "--socket", socket], {
    env: { ...process.env, FH_DB: "/nonexistent/history.db" },
  });
  const { origin, hash } = new URL(urlOf(web));
  const response = await fetch(`${origin}/api/gateway`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${hash.slice("#token=".length)}`,
      "Content-Type": "application/json",
    },
    body: "{}",
  });
  const about = await response.json();
  assert.deepEqual([about.live, about.db, about.socket], [true, host.folder.db, socket]);
});
