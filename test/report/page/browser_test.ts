/** The page in a browser: hands, keys, links, themes, paper, and what must never happen. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { html } from "../../../src/report/html.ts";
import type { Spans } from "../../../src/report/span.ts";
import { closeBrowser, missingBrowser, type Opened, openPage } from "../../support/browser.ts";
import { frameOf, idOf, imageOf, madeUpBuild, runOf, spanOf } from "../../support/report_spans.ts";
import { unless } from "../../support/unless.ts";

const NOW = Date.UTC(2026, 10, 30);

after(closeBrowser);

/** make with a compiler that fails, and a slow one: small enough to know where each bar is. */
function smallBuild(): Spans {
  return runOf([
    spanOf(10, null, [0, 1000], ["make", "-j2"], { status: 2 << 8 }),
    spanOf(11, 10, [100, 400], ["cc", "-c", "ok.c"]),
    spanOf(12, 10, [100, 900], ["cc", "-c", "bad file.c"], { status: 1 << 8 }),
    spanOf(13, 12, [150, 850], ["cc1", "bad file.c"], { status: 1 << 8 }),
  ]);
}

/** Opens a page, does something with it, and asserts that it was silent. */
async function withPage(
  spans: Spans,
  act: (page: Page, opened: Opened) => Promise<void>,
  fragment = "",
  options: Parameters<typeof openPage>[2] = {},
): Promise<void> {
  const opened = await openPage(html(spans, NOW), fragment, options);
  try {
    await act(opened.page, opened);
    assert.deepEqual(opened.noise, []);
  } finally {
    await opened.close();
  }
}

const hash = (page: Page) => page.evaluate(() => location.hash);

/** The address follows with a pause. */
async function untilHash(page: Page, wanted: RegExp): Promise<void> {
  await page.waitForFunction((source) => new RegExp(source).test(location.hash), wanted.source);
}

/** A point of the bars: a share of the time across, and a lane. */
async function pointOf(page: Page, share: number, lane: number): Promise<[number, number]> {
  const box = (await page.locator(".bars").boundingBox())!;
  const lanes = await page.locator(".spacer").first().evaluate((one) => one.clientHeight);
  const height = (lanes - 4) / 4;
  return [box.x + box.width * share, box.y + height * (lane + 0.5)];
}

test(...unless(missingBrowser, "the page shows what the report is of"), async () => {
  await withPage(smallBuild(), async (page) => {
    assert.equal(await page.title(), "make -j2");
    const top = await page.locator(".top").innerText();
    for (const text of ["make -j2", "exit 2", "1.00s", "began with", "cc1"]) {
      assert.ok(top.includes(text), `${text} in ${top}`);
    }
    const rows = page.getByRole("grid", { name: "Commands" }).getByRole("row");
    await rows.nth(3).waitFor();
    assert.equal(await rows.count(), 4);
  });
});

test(
  ...unless(missingBrowser, "a click on a bar chooses its process, Escape lets go"),
  async () => {
    await withPage(smallBuild(), async (page) => {
      await page.mouse.click(...await pointOf(page, 0.5, 3));
      const details = page.getByRole("complementary");
      assert.match(await details.innerText(), /cc1 13\s+exit 1/);
      assert.match(await details.locator("pre").innerText(), /^cc1 'bad file\.c'$/);
      await untilHash(page, new RegExp(`p=${idOf(13)}`));
      await details.getByRole("button", { name: /^cc 12/ }).click();
      assert.match(await details.innerText(), /^cc 12/);
      await page.keyboard.press("Escape");
      await details.waitFor({ state: "detached" });
      await untilHash(page, /^$/);
    });
  },
);

test(
  ...unless(missingBrowser, "wheel, keys, dragging and a double click zoom and move"),
  async () => {
    await withPage(smallBuild(), async (page) => {
      const seen = async () => (await hash(page)).match(/t=(\d+)-(\d+)/)?.slice(1).map(Number);
      await page.mouse.move(...await pointOf(page, 0.5, 1));
      await page.mouse.wheel(0, -400);
      await untilHash(page, /t=/);
      const [from, to] = (await seen())!;
      assert.ok(from! > 200_000 && to! < 800_000, `${from}-${to}`);
      assert.ok(Math.abs((from! + to!) / 2 - 500_000) < 5_000, "around the pointer");
      await page.locator(".lanes").focus();
      await page.keyboard.press("ArrowRight");
      await untilHash(page, new RegExp(`t=(?!${from}-)`));
      assert.ok((await seen())![0]! > from!);
      const before = await hash(page);
      await page.mouse.down();
      await page.mouse.move(...await pointOf(page, 0.3, 1), { steps: 4 });
      await page.mouse.up();
      await page.waitForFunction((old) => location.hash !== old, before);
      await page.keyboard.press("0");
      await untilHash(page, /^$/);
      await page.mouse.dblclick(...await pointOf(page, 0.25, 1));
      await untilHash(page, /t=70000-430000/);
      await page.keyboard.press("-");
      await untilHash(page, /t=(?!70000)/);
    });
  },
);

test(
  ...unless(missingBrowser, "a stretch drawn over on the curves fills the timeline"),
  async () => {
    await withPage(smallBuild(), async (page) => {
      const box = (await page.locator(".strip").boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.2, box.y + 30);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 3 });
      await page.mouse.up();
      await untilHash(page, /t=(199|200)\d{3}-(599|600|601)\d{3}/);
    });
  },
);

test(...unless(missingBrowser, "keys walk among relatives and failures"), async () => {
  await withPage(smallBuild(), async (page) => {
    const chosen = () => page.getByRole("complementary").locator("h2").innerText();
    await page.locator(".lanes").focus();
    await page.keyboard.press("Shift+ArrowDown");
    assert.match(await chosen(), /^make 10/);
    await page.keyboard.press("Shift+ArrowDown");
    assert.match(await chosen(), /^cc 11/);
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    assert.match(await chosen(), /^cc1 13/);
    await page.keyboard.press("n");
    assert.match(await chosen(), /^cc 12/);
    await page.keyboard.press("N");
    assert.match(await chosen(), /^cc1 13/);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.match(await chosen(), /^cc1 13/, "Escape was the dialogue's");
  });
});

test(
  ...unless(missingBrowser, "a search shows in all parts, and its link shows the same"),
  async () => {
    await withPage(smallBuild(), async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("bad");
      await page.getByText("2 found").waitFor();
      await page.keyboard.press("Enter");
      const rows = page.getByRole("grid", { name: "Processes" }).getByRole("row");
      // Rows come a frame after the table.
      await rows.nth(2).waitFor();
      assert.equal(await rows.count(), 3);
      await rows.nth(1).click();
      await untilHash(page, /p=.*q=bad.*tab=processes/);
    });
    const fragment = `#p=${idOf(13)}&t=100000-600000&q=bad&tab=processes&colour=outcome`;
    await withPage(smallBuild(), async (page) => {
      assert.match(await page.getByRole("complementary").innerText(), /^cc1 13/);
      assert.equal(await page.getByRole("searchbox").inputValue(), "bad");
      assert.equal(await page.getByRole("button", { name: "500ms" }).count(), 1);
      const pressed = page.getByRole("button", { name: "outcome" });
      assert.equal(await pressed.getAttribute("aria-pressed"), "true");
      await page.evaluate(() => location.hash = "#tab=flame");
      await page.getByRole("tree", { name: "Flame graph" }).waitFor();
      assert.equal(await page.getByRole("complementary").count(), 0);
    }, fragment);
  },
);

test(...unless(missingBrowser, "tables sort, the flame graph fills with a box"), async () => {
  const build = madeUpBuild(3000);
  await withPage(build, async (page) => {
    await page.getByRole("tab", { name: /Processes/ }).click();
    const grid = page.getByRole("grid", { name: "Processes" });
    assert.equal(await grid.getAttribute("aria-rowcount"), String(build.spans.length + 1));
    assert.ok(await grid.getByRole("row").count() < 60, "rows out of sight are not there");
    await grid.getByRole("button", { name: "lasted" }).click();
    const first = grid.getByRole("row").nth(1);
    assert.match(await first.innerText(), /make -j8 all$/);
    await grid.focus();
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.querySelector(".row.chosen") !== null);
    await page.getByRole("tab", { name: /Flame/ }).click();
    await page.waitForFunction(() => {
      return document.querySelector<HTMLCanvasElement>(".flame-canvas")!.width > 400;
    });
    const box = (await page.locator(".flame-canvas").boundingBox())!;
    await page.mouse.click(box.x + 20, box.y + 3.5 * 22);
    await page.getByText("only cc1 in the flame graph").waitFor();
    const tree = page.getByRole("tree", { name: "Flame graph" });
    assert.match(await tree.getByRole("treeitem").innerText(), /^cc1: .* of this name here/);
    await tree.focus();
    await page.keyboard.press("ArrowUp");
    await page.getByText("only gcc in the flame graph").waitFor();
  });
});

test(...unless(missingBrowser, "a hint marks what it is about"), async () => {
  const spans = [spanOf(1, null, [0, 4045], ["make"])];
  for (let at = 0; at < 40; at++) {
    spans.push(spanOf(at + 2, 1, [at * 101, at * 101 + 100], ["cc", `${at}.c`]));
  }
  await withPage(runOf(spans), async (page) => {
    const hint = page.getByRole("button", { name: /^make \(1\) has no -j/ });
    await hint.click();
    assert.equal(await hint.getAttribute("aria-pressed"), "true");
    await page.getByText("only what hint 1 is about").waitFor();
    await untilHash(page, /in=hint%3A0/);
  });
});

test(...unless(missingBrowser, "hostile names stay text, and fetch and run nothing"), async () => {
  const argv = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\u202egnp.exe",
    "https://example.com/a.png",
    "javascript:alert(1)",
    "\x1b[31m\n\u0007",
  ];
  const image = imageOf(argv, { name: "<b>x</b>\u202e", cwd: "<i>y</i>", unit: "'\"><u>" });
  const who = { image, user: "<svg onload=alert(1)>", jobs: ["<a href=x>"], status: 256 };
  const spans = [spanOf(1, null, [0, 100], argv, who), spanOf(2, 1, [10, 90], argv, who)];
  const notes = ["<style>*{display:none}</style> is a note"];
  const title = "</title><script>alert(1)</script>";
  const all = runOf(spans, { title, host: "<h1>host", notes });
  for (const tab of ["hints", "commands", "processes", "flame"]) {
    await withPage(all, async (page) => {
      assert.equal(await page.title(), title);
      const details = await page.getByRole("complementary").innerText();
      for (
        const text of ["<b>x</b>\\u202e", "onerror=alert(1)", "<i>y</i>", "<svg onload=", "<a h"]
      ) {
        assert.ok(details.includes(text), `${text} in ${details}`);
      }
      assert.doesNotMatch(await page.locator("body").innerText(), /\u202e/);
      assert.equal(await page.locator("img, svg, u, h1:nth-of-type(2), style + style").count(), 0);
      await page.mouse.move(...await pointOf(page, 0.5, 1));
    }, `#p=${idOf(2)}&tab=${tab}&in=command:<b>&q=<`);
  }
});

test(
  ...unless(missingBrowser, "dark and light follow the system"),
  async () => {
    const backs: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await withPage(
        smallBuild(),
        async (page) => {
          backs.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
          const other = colorScheme === "dark" ? "light" : "dark";
          const before = await picture(page);
          await page.emulateMedia({ colorScheme: other });
          await page.waitForFunction(
            (old) => document.querySelector<HTMLCanvasElement>(".bars")!.toDataURL() !== old,
            before,
          );
        },
        "",
        { colorScheme },
      );
    }
    assert.notEqual(backs[0], backs[1]);
  },
);

const picture = (page: Page) =>
  page.evaluate(() => document.querySelector<HTMLCanvasElement>(".bars")!.toDataURL());

/** Red, green, blue and how opaque a pixel of the bars is. */
function colourAt(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate(([across, down]) => {
    const context = document.querySelector<HTMLCanvasElement>(".bars")!.getContext("2d")!;
    return [...context.getImageData(across!, down!, 1, 1).data];
  }, [Math.round(x), Math.round(y)]);
}

test(...unless(missingBrowser, "failures of what is not searched for are faint"), async () => {
  await withPage(smallBuild(), async (page) => {
    const [x, y] = await pointOf(page, 0.85, 3);
    const box = (await page.locator(".bars").boundingBox())!;
    const [, , , opaque] = await colourAt(page, x - box.x - 2, y - box.y - 4);
    assert.ok(opaque! > 0 && opaque! < 128, String(opaque));
  }, "#q=ok.c&path=0");
});

test(...unless(missingBrowser, "failures and the critical path are drawn"), async () => {
  await withPage(smallBuild(), async (page) => {
    const [x, y] = await pointOf(page, 0.85, 3);
    const box = (await page.locator(".bars").boundingBox())!;
    const red = await colourAt(page, x - box.x - 2, y - box.y - 4);
    assert.deepEqual(red, [0xd4, 0x25, 0x1c, 255]);
    const before = await picture(page);
    await page.getByRole("button", { name: "critical path" }).click();
    await page.waitForFunction(
      (old) => document.querySelector<HTMLCanvasElement>(".bars")!.toDataURL() !== old,
      before,
    );
  });
});

test(
  ...unless(missingBrowser, "on paper there is the timeline, hints, failures and sums"),
  async () => {
    await withPage(
      smallBuild(),
      async (page) => {
        await page.emulateMedia({ media: "print" });
        const printed = await page.locator("body").innerText();
        for (const text of ["Failed", "cc1 'bad file.c'", "Commands", "own time"]) {
          assert.ok(printed.includes(text), `${text} in ${printed}`);
        }
        assert.doesNotMatch(printed, /Flame graph|CPU share/);
        const pdf = await page.pdf({ format: "A4" });
        assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
      },
      "",
      { colorScheme: "dark" },
    );
  },
);

test(
  ...unless(missingBrowser, "everything has a name, and no width makes it scroll aside"),
  async () => {
    for (const width of [360, 400, 800, 1280, 3840]) {
      await withPage(
        madeUpBuild(500),
        async (page) => {
          const beside = await page.evaluate(() => {
            return document.documentElement.scrollWidth - document.documentElement.clientWidth;
          });
          assert.ok(beside <= 0, `${width}: ${beside} pixels too wide`);
          const unnamed = await page.evaluate(() => {
            const all = document.querySelectorAll(
              "button, input, [role], canvas:not([aria-hidden])",
            );
            return Array.from(all).filter((one) => {
              const label = one.getAttribute("aria-label") ?? one.getAttribute("aria-labelledby");
              return !label && !one.textContent?.trim() &&
                one.getAttribute("role") !== "presentation";
            }).map((one) => one.outerHTML.slice(0, 100));
          });
          assert.deepEqual(unnamed, []);
        },
        "#tab=processes",
        { viewport: { width, height: 800 } },
      );
    }
  },
);

test(
  ...unless(missingBrowser, "a report of nothing, and one of a stretch, are shown"),
  async () => {
    await withPage({ frame: frameOf(), spans: [] }, async (page) => {
      await page.getByText("Nothing is like that.").waitFor();
    });
    const gaps = [{ since: 1e9, until: 2e9, reason: "socket overrun", lost: 12 }];
    const notes = ["The recorder was not at work before."];
    const spans = [
      spanOf(1, null, [-5000, null], ["init"], { isStartKnown: false }),
      spanOf(2, 1, [100, 9000], ["a"], { parent: null, ppid: 4000 }),
    ];
    await withPage({ frame: frameOf({ gaps, notes }), spans }, async (page) => {
      const told = page.getByRole("note");
      assert.match(
        await told.innerText(),
        /^12 events were lost from \+1\.00s on, in 1\.00s: socket overrun\. .*\nThe recorder was/,
      );
      const known = page.getByText("What it cost is known of 1 of 2 processes.").first();
      assert.equal(await known.isVisible(), false);
      await page.getByText("1 more note").click();
      await known.waitFor();
      assert.equal(await page.getByText("events lost").count(), 1);
      await page.emulateMedia({ media: "print" });
      assert.equal((await page.locator("body").innerText()).match(/The recorder was/g)!.length, 1);
      await page.emulateMedia({ media: "screen" });
      await page.mouse.click(...await pointOf(page, 0.5, 0));
      await page.getByText("first seen").waitFor();
    });
  },
);
