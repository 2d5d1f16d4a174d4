/// <reference lib="dom" />
/** The page of `fh web` in a browser, beside a real recorder and a real load. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { missingBrowser } from "../support/browser.ts";
import { connectorMissing } from "../support/observe.ts";
import { Running } from "../support/running.ts";
import { ask } from "../support/server.ts";
import { unless } from "../support/unless.ts";
import { WebHost } from "../support/web_page.ts";

const missing = missingBrowser ?? connectorMissing;
const AXE = readFileSync(
  fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)),
  "utf8",
);
const VIEWS = ["now", "tree", "time", "jobs", "accounts", "findings", "host"];
/** A name that would do harm where it is not taken for text. */
const HOSTILE = `<img src=x onerror="document.title='owned'">`;
const LOAD = 'while :; do sh -c "exit 3"; sleep 0.05; done';

let host: WebHost;
before(async () => {
  if (missing === null) host = await WebHost.open([]);
});
after(async () => {
  if (missing === null) await host[Symbol.asyncDispose]();
});

/** The text of the view. */
function said(page: Page): Promise<string> {
  return page.locator("main").innerText();
}

test(
  ...unless(missing, "each view shows what it is for, and no view fetches anything"),
  async () => {
    await using load = Running.start(["sh", "-c", LOAD]);
    const expected: Readonly<Record<string, RegExp>> = {
      now: /sh -c 'exit 3'/,
      tree: /\d+ run; \d+ shown/,
      time: /that ended, the newest first/,
      jobs: /There are no jobs/,
      accounts: /Save as CSV/,
      findings: /Nothing is wrong|goes on, since/,
      host: /Source connector/,
    };
    const { page, noise } = await host.show("/now");
    for (const view of VIEWS) {
      await page.locator("header nav").getByText(view, { exact: false }).first().click();
      await page.locator("main").getByText(expected[view]!).first().waitFor();
      assert.match(await said(page), /in a terminal: fh \w+/, view);
      assert.equal(await page.evaluate(() => location.hash), `#/${view}`);
    }
    assert.doesNotMatch(page.url(), /token/);
    // A process is opened by its pid: why it is there, and who started it.
    await page.goto(`${page.url().split("#")[0]}#/tree?p=${load.pid}`);
    await page.locator("aside").getByText(new RegExp(`sh \\(${load.pid}\\) of \\w+`)).waitFor();
    await page.locator("aside").getByText("What it started").waitFor();
    assert.deepEqual(noise, []);
  },
);

test(...unless(missing, "a job is made, filled, killed, and its account is read"), async () => {
  await using load = Running.start(["sh", "-c", LOAD]);
  const { page, noise } = await host.show("/jobs");
  await page.getByLabel("Name of a new job").fill("paged");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "paged" }).waitFor();
  await page.getByLabel("Pids, with what they started").fill(`${load.pid}`);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("Members").getByText("sh -c 'exit 3'").first().waitFor();
  // Who thinks better of it has changed nothing.
  const kill = page.getByRole("button", { name: "Send to all" });
  await kill.click();
  await page.getByRole("dialog").getByText(/Send SIGTERM to all \d+ members of paged/).waitFor();
  await page.getByRole("button", { name: "Leave it" }).click();
  assert.equal((await ask(host.folder.socket, "job_show", { job: "paged" })).ended, null);
  await page.getByLabel("Signal").selectOption("KILL");
  await kill.click();
  await page.getByRole("button", { name: "Send SIGKILL" }).click();
  await load.end();
  await page.getByText("Send SIGKILL: done").waitFor();
  // It has ended with its last member; the account is the recorder's.
  await page.getByLabel("those that have ended, too").check();
  const job = await ask(host.folder.socket, "job_show", { job: "paged" });
  assert.notEqual(job.ended, null);
  const failed = page.getByLabel("Account").getByText(`${job.failed}`, { exact: true });
  await failed.first().waitFor();
  assert.ok(job.failed > 0);
  assert.deepEqual(noise, []);
});

test(...unless(missing, "a job is renamed and ended, a rule is made and removed"), async () => {
  const { socket } = host.folder;
  const { page, noise } = await host.show("/jobs");
  await page.getByLabel("Name of a new job").fill("first");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "first" }).waitFor();
  await page.getByLabel("New name").fill("second");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("heading", { name: "second" }).waitFor();
  // A rule puts into it what is started from then on.
  await page.locator("select[name=what]").selectOption("match");
  await page.getByLabel("is", { exact: true }).fill("fh-ruled-[0-9]+");
  await page.getByLabel("goes into the job").fill("second");
  await page.getByRole("button", { name: "Add a rule" }).click();
  const remove = page.getByRole("button", { name: /^Remove rule/ });
  await remove.waitFor();
  await using ruled = Running.start(["sh", "-c", ": fh-ruled-7; sleep 600"]);
  await page.getByLabel("Members").getByText("fh-ruled-7").waitFor();
  await ruled.end("SIGKILL");
  // Who thinks better of it keeps the rule.
  await remove.click();
  await page.getByRole("dialog").getByText(/which feeds the job second/).waitFor();
  await page.getByRole("button", { name: "Leave it" }).click();
  assert.equal((await ask(socket, "rule_list")).rules.length, 1);
  await remove.click();
  await page.getByRole("button", { name: "Remove the rule" }).click();
  await page.getByText("There are no rules.").waitFor();
  await page.getByLabel("Name of a new job").fill("third");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "third" }).waitFor();
  await page.getByRole("button", { name: "End the job" }).click();
  await page.getByRole("dialog").getByText(/End the job third/).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "End the job" }).click();
  await page.getByText("End the job: done").waitFor();
  assert.notEqual((await ask(socket, "job_show", { job: "third" })).ended, null);
  assert.deepEqual(noise, []);
});

test(...unless(missing, "every event comes once, over a recorder that is restarted"), async () => {
  const { page } = await host.show("/now?comm=fh-page-*");
  await page.getByText("Live.").waitFor();
  const start = async (from: number, to: number) => {
    const script = `cd "$0"; i=${from}; while [ $i -lt ${to} ]; do ` +
      "ln -s /bin/sleep fh-page-$i; ./fh-page-$i 0.01; i=$((i + 1)); done";
    await using load = Running.start(["sh", "-c", script, host.folder.path]);
    await load.end();
  };
  await start(0, 14);
  const told = page.locator(".figures > div", { hasText: "events since it was opened" });
  await told.getByText("28", { exact: true }).waitFor();
  await host.recordAgain();
  await page.getByText("Live.").waitFor();
  await start(14, 28);
  // The last has been started, and has ended.
  await page.locator("tbody tr", { hasText: "fh-page-27" }).nth(1).waitFor();
  const rows = await page.locator("tbody tr:not(.gap)").allInnerTexts();
  const names = rows.flatMap((row) => /\.\/(fh-page-\d+)/.exec(row)?.[1] ?? []);
  for (let i = 0; i < 28; i++) {
    assert.equal(names.filter((name) => name === `fh-page-${i}`).length, 2, `fh-page-${i}`);
  }
  // What happened while nobody recorded is told as a gap.
  assert.ok(await page.locator("tr.gap").count() >= 1);
});

test(...unless(missing, "a tab that nobody looks at rests, and misses nothing"), async () => {
  const { page } = await host.show("/now?comm=fh-rest-*");
  await page.getByText("Live.").waitFor();
  const hide = (isHidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await hide(true);
  await page.getByText(/^resting/).waitFor();
  const subscribers = async () => (await ask(host.folder.socket, "status")).subscribers;
  while (await subscribers() > 0) await page.waitForTimeout(20);
  const script = 'cd "$0"; ln -s /bin/sleep fh-rest-x; ./fh-rest-x 0.01; ./fh-rest-x 0.01';
  await using load = Running.start(["sh", "-c", script, host.folder.path]);
  await load.end();
  await hide(false);
  const told = page.locator(".figures > div", { hasText: "events since it was opened" });
  await told.getByText("4", { exact: true }).waitFor();
  assert.equal(await page.locator("tbody tr").count(), 4);
});

test(...unless(missing, "a stretch is chosen on the timeline, and asked for alone"), async () => {
  const { page } = await host.show("/time?since=10m+ago");
  const strip = (await page.locator("canvas.strip").boundingBox())!;
  const alone = page.getByRole("button", { name: "Ask for this stretch alone" });
  assert.ok(await alone.isDisabled());
  const y = strip.y + strip.height / 2;
  await page.mouse.move(strip.x + strip.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(strip.x + strip.width * 0.9, y, { steps: 5 });
  await page.mouse.up();
  await alone.click();
  await page.waitForURL(/since=20.*until=20/);
  await page.getByText(/fh log --since 20\S+ --until 20/).waitFor();
  await page.locator("canvas.bars").waitFor();
});

test(...unless(missing, "names that others chose are shown as text, in every view"), async () => {
  await using hostile = Running.start(["bash", "-c", 'exec -a "$0" sleep 600', HOSTILE]);
  await ask(host.folder.socket, "job_create", { name: "hostile" });
  await ask(host.folder.socket, "job_add", { job: "hostile", pids: [hostile.pid] });
  const { page, noise } = await host.show("/now");
  for (const hash of [`/tree?p=${hostile.pid}`, "/jobs?job=hostile", "/time", "/accounts"]) {
    await page.evaluate((to) => location.hash = to, `#${hash}`);
    await page.locator("h1").waitFor();
    if (hash.startsWith("/tree")) {
      await page.locator("aside").getByText("onerror").first().waitFor();
    }
  }
  assert.equal(await page.locator("img").count(), 0);
  assert.doesNotMatch(await page.title(), /owned/);
  assert.deepEqual(noise, []);
  await ask(host.folder.socket, "job_end", { job: "hostile" });
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [400, 1280, 3840]) {
    const name = `axe-core finds nothing, ${colorScheme}, ${width} pixels`;
    test(...unless(missing, name), async () => {
      const viewport = { width, height: 900 };
      const { page } = await host.show("/now", { colorScheme, viewport, bypassCSP: true });
      for (const view of VIEWS) {
        await page.evaluate((to) => location.hash = to, `#/${view}?p=1`);
        await page.locator("aside").getByText("Who started it").waitFor();
        if (view === "tree") await page.locator('[role="treeitem"]').first().waitFor();
        if (view === "time") await page.locator("canvas").first().waitFor();
        await page.evaluate(AXE);
        const violations = await page.evaluate(async () => {
          // deno-lint-ignore no-explicit-any
          const { violations } = await (globalThis as any).axe.run();
          // deno-lint-ignore no-explicit-any
          return violations.map(({ id, nodes }: any) => `${id}: ${nodes[0].html}`);
        });
        assert.deepEqual(violations, [], view);
        // Nothing sticks out to the side.
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${view}: ${wide}`);
      }
    });
  }
}

test(...unless(missing, "the keyboard alone is enough"), async () => {
  const { page } = await host.show("/tree");
  await page.locator('[role="treeitem"]').first().waitFor();
  await page.getByLabel("Processes").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowLeft");
  await page.locator('[aria-expanded="false"]').first().waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.locator("aside").getByText("Process 1").waitFor();
  const { page: fresh } = await host.show("/now");
  await fresh.getByText("Live.").waitFor();
  await fresh.keyboard.press("Tab");
  await fresh.keyboard.press("Tab");
  await fresh.keyboard.press("Tab");
  await fresh.keyboard.press("Enter");
  await fresh.getByRole("heading", { name: "Tree" }).waitFor();
});

test(...unless(missing, "a gateway that was started anew asks for its token"), async () => {
  const { page } = await host.show("/host");
  await page.getByText("Recorder").waitFor();
  await page.evaluate(() => sessionStorage.setItem("fh-token", "x".repeat(43)));
  await page.reload();
  const field = page.getByLabel("URL or token");
  await field.waitFor();
  await field.fill(host.web.stdout.trim());
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("Recorder").waitFor();
});
