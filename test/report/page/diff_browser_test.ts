/** The page of two runs in a browser: both timelines, the rows between them, and links. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { diffRuns } from "../../../src/report/diff.ts";
import { diffHtml } from "../../../src/report/diff_html.ts";
import type { Spans } from "../../../src/report/span.ts";
import { closeBrowser, missingBrowser, openPage } from "../../support/browser.ts";
import { runOf } from "../../support/runs.ts";
import { HOSTILE_TEXTS, spansOf } from "../../support/spans.ts";
import { unless } from "../../support/unless.ts";

const NOW = Date.UTC(2026, 10, 30);
const BEFORE = runOf([["cc a.c", 300], ["cc b.c", 400], ["ld", 100], ["old", 30]]);
const AFTER = runOf([["cc a.c", 300], ["cc b.c", 900], ["ld", 100], ["new </script>", 60]], 500);

after(closeBrowser);

/** Opens a page, does something with it, and asserts that it was silent. */
async function withPage(
  sides: readonly [before: readonly Spans[], after: readonly Spans[]],
  act: (page: Page) => Promise<void>,
  fragment = "",
  options: Parameters<typeof openPage>[2] = {},
): Promise<void> {
  const html = diffHtml(diffRuns(...sides), ...sides, NOW);
  const opened = await openPage(html, fragment, options);
  try {
    await act(opened.page);
    assert.deepEqual(opened.noise, []);
  } finally {
    await opened.close();
  }
}

const row = (page: Page, at: number) => page.getByRole("grid").locator(".rows .row").nth(at);
const chosen = (page: Page) => page.getByRole("grid").locator('[aria-selected="true"]');
const hashIs = (page: Page, hash: string) =>
  page.waitForFunction((wanted) => location.hash === wanted, hash);

test(...unless(missingBrowser, "the page says what made the run slower, first"), async () => {
  await withPage([[BEFORE], [AFTER]], async (page) => {
    const top = await page.locator(".top").innerText();
    assert.match(top, /slower by 530ms \(\+64 %\): 831ms before, 1\.36s after/);
    assert.match(top, /noise cannot be told/);
    assert.equal(await page.locator(".timeline").count(), 2);
    assert.match(await row(page, 0).innerText(), /slower[^]*\+500ms[^]*400ms[^]*900ms[^]*cc b\.c/);
    const rows = await page.getByRole("grid").locator(".rows .row").allInnerTexts();
    assert.deepEqual(rows.map((text) => text.split(/\s+/)[0]), ["slower", "new", "longer", "gone"]);
  });
});

test(
  ...unless(missingBrowser, "a row shows its processes on both sides, and is linked"),
  async () => {
    await withPage([[BEFORE], [AFTER]], async (page) => {
      await row(page, 0).click();
      await hashIs(page, "#change=0");
      await row(page, 0).click();
      await hashIs(page, "");
      await row(page, 1).click();
      await hashIs(page, "#change=1");
      await page.keyboard.press("Escape");
      await hashIs(page, "");
      assert.equal(await chosen(page).count(), 0);
    });
    await withPage([[BEFORE], [AFTER]], async (page) => {
      assert.match(await chosen(page).innerText(), /new '<\/script>'/);
    }, "#change=1");
    for (const fragment of ["#change=99", "#change=x", "#p=1"]) {
      await withPage([[BEFORE], [AFTER]], async (page) => {
        assert.equal(await chosen(page).count(), 0);
      }, fragment);
    }
  },
);

test(
  ...unless(missingBrowser, "a bar of either side shows its process; one at a time"),
  async () => {
    await withPage([[BEFORE], [AFTER]], async (page) => {
      for (const [side, command] of [[0, /cc a\.c/], [1, /cc a\.c/], [0, /cc a\.c/]] as const) {
        const box = (await page.locator(".bars").nth(side).boundingBox())!;
        const lanes = await page.locator(".spacer").nth(side).evaluate((one) => one.clientHeight);
        await page.mouse.click(box.x + box.width * 0.1, box.y + (lanes - 4) / 2 * 1.5);
        const details = page.getByRole("complementary");
        assert.equal(await details.count(), 1);
        assert.match(await details.locator("pre").innerText(), command);
        assert.doesNotMatch(await details.innerText(), /flame/);
      }
    });
  },
);

/** Waits until the first lanes have something behind that share of their width, or nothing. */
async function untilDrawn(page: Page, share: number, ...wanted: boolean[]): Promise<void> {
  await page.waitForFunction(([share, wanted]) => {
    const all = [...document.querySelectorAll<HTMLCanvasElement>("canvas.bars")];
    return wanted === all.map((one) => {
      const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
      copy.canvas.width = one.width;
      copy.drawImage(one, -Math.ceil(one.width * share), -8);
      const { data } = copy.getImageData(0, 0, Math.floor(one.width * (1 - share)), 1);
      return data.some((byte, at) => at % 4 === 3 && byte > 0);
    }).join();
  }, [share, wanted.join()] as const);
}

test(
  ...unless(missingBrowser, "both timelines stand on one scale, and move together"),
  async () => {
    await withPage([[BEFORE], [AFTER]], async (page) => {
      // The run before has ended by then.
      await untilDrawn(page, 0.9, false, true);
      for (const side of [0, 1]) {
        await page.locator(".lanes").nth(side).focus();
        for (let i = 0; i < 6; i++) await page.keyboard.press("+");
        await page.keyboard.press("Home");
        await untilDrawn(page, 0.9, true, true);
        await page.keyboard.press("0");
        await untilDrawn(page, 0.9, false, true);
      }
    });
  },
);

test(...unless(missingBrowser, "a command has one colour on both sides"), async () => {
  const other = runOf([["ld", 900], ["cc a.c", 300], ["new", 500]]);
  await withPage([[BEFORE], [other]], async (page) => {
    const sides = await page.locator(".legend").evaluateAll((all) =>
      all.map((legend) => {
        const entries = [...legend.querySelectorAll("li")];
        return entries.map((one): [string, string] => {
          return [one.innerText.trim(), getComputedStyle(one.querySelector("i")!).backgroundColor];
        });
      })
    );
    const [before, after] = sides.map((entries) => new Map(entries));
    assert.deepEqual([...before!.keys()].toSorted(), ["cc", "ld", "old", "sh"]);
    assert.deepEqual([...after!.keys()].toSorted(), ["cc", "ld", "new", "sh"]);
    for (const name of ["cc", "ld", "sh"]) assert.equal(before!.get(name), after!.get(name), name);
  });
});

test(
  ...unless(missingBrowser, "a long command line is cut before the name of its file"),
  async () => {
    const long = (file: string) => `cc -O2 ${"-I/usr/include/more ".repeat(20)}-c src/deep/${file}`;
    const sides = [100, 900].map((ms) => runOf([[long("parser.c"), ms]]));
    await withPage([[sides[0]!], [sides[1]!]], async (page) => {
      const line = row(page, 0).locator("code");
      assert.match(await line.innerText(), /^cc -O2 -I.*more -c src\/deep\/parser\.c$/);
      const room = await line.evaluate((code) => {
        const file = document.createRange();
        const end = code.lastChild!;
        file.setStart(end, end.textContent!.length - "parser.c".length);
        file.setEnd(end, end.textContent!.length);
        const { left, right } = file.getBoundingClientRect();
        const table = code.closest(".table")!.getBoundingClientRect();
        return { width: right - left, left: left - table.left, right: table.right - right };
      });
      assert.ok(room.width > 30 && room.left > 0 && room.right > -1, JSON.stringify(room));
    });
  },
);

test(...unless(missingBrowser, "of several runs the median one is drawn"), async () => {
  const slow = runOf([["cc a.c", 5000]]);
  await withPage([[BEFORE, slow, BEFORE], [AFTER]], async (page) => {
    const titles = await page.locator(".side h2").allInnerTexts();
    assert.match(titles[0]!, /831ms on box, .*, the run of median time of 3$/);
    assert.doesNotMatch(titles[1]!, /median/);
  });
});

test(...unless(missingBrowser, "a narrow screen has all of it, one below the other"), async () => {
  await withPage(
    [[BEFORE], [AFTER]],
    async (page) => {
      const parts = await page.locator(".top, .timeline, .panel").all();
      const boxes = await Promise.all(parts.map((part) => part.boundingBox()));
      assert.equal(boxes.length, 4);
      for (const [at, box] of boxes.entries()) {
        assert.ok(box!.height > 20 && box!.width <= 420, JSON.stringify(box));
        if (at > 0) assert.ok(box!.y >= boxes[at - 1]!.y + boxes[at - 1]!.height);
      }
    },
    "",
    { viewport: { width: 420, height: 800 } },
  );
});

test(...unless(missingBrowser, "hostile names stay text, dark and on paper, too"), async () => {
  const spans = HOSTILE_TEXTS.map((text, at) => {
    return { id: `b-${at + 1}-1`, argv: [text, text], name: text };
  });
  const hostile = spansOf(spans, { title: HOSTILE_TEXTS.join(), host: HOSTILE_TEXTS[4]! });
  await withPage(
    [[spansOf([])], [hostile]],
    async (page) => {
      assert.equal(await page.locator("script, img, iframe").count(), 1);
      await page.emulateMedia({ media: "print" });
      const printed = await page.locator(".printed").innerText();
      assert.ok(printed.includes("</script><script>alert(1)</script>"), printed);
      for (const canvas of await page.locator(".timeline canvas.bars").all()) {
        assert.ok((await canvas.boundingBox())!.height > 10, "both timelines are printed");
      }
    },
    "",
    { colorScheme: "dark" },
  );
});
