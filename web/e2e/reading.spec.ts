// Reading far back, and what shows beside a message under the pointer.
import { another, talk } from "./crew";
import { expect, test } from "./fixtures";

const N_MESSAGES = 250;
const STEP_PX = 300;
/** Far more than are in sight and near it; far fewer than are loaded. */
const MAX_MOUNTED = 80;
/** So exactly does a message follow the wheel, whatever comes in above it meanwhile. */
const DRIFT_PX = 1;

const LONG = "the lamp turns while the water rises over pier seven ".repeat(8);

function text(n: number): string {
  if (n % 7 === 0) return `- **bring** the rope\n- \`tar\` ${n}`;
  return n % 5 === 0 ? `${LONG}${n}` : `message ${n}`;
}

test.describe("a long conversation", () => {
  test.use({ settings: { "limits.rates.send.per_s": "0", "limits.rates.history.per_s": "0" } });

  test("scrolling back keeps few messages mounted, loads a page at a time, and moves nothing that is read", async ({
    server,
    ada,
    bo,
    openWindow,
  }) => {
    await ada.writeTo(bo.name);
    await ada.say("first of all");
    const conversation = new URL(ada.page.url()).pathname.split("/")[2] as string;
    // The page needs not draw what is said meanwhile.
    await ada.page.goto(`${server.url}/livez`);
    const texts = Array.from({ length: N_MESSAGES }, (_, n) => text(n));
    await talk(ada.page, conversation, texts);
    const elsewhere = await another(server, ada, openWindow);
    const { page } = elsewhere;
    let n_pages = 0;
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        if (String(payload).includes('"type":"history"')) n_pages += 1;
      }),
    );
    await page.reload();
    await elsewhere.open(bo.name);
    await expect(elsewhere.bubble(`message ${N_MESSAGES - 1}`)).toBeVisible();
    await page.getByRole("feed").hover();
    for (let n_steps = 0; ; n_steps += 1) {
      n_pages = 0;
      const before = await page.evaluate(mark);
      await page.mouse.wheel(0, -STEP_PX);
      const { is_at_top, n_mounted, ...after } = await page.evaluate(rest, before.key);
      expect(n_pages, `pages at step ${n_steps}`).toBeLessThanOrEqual(1);
      expect(n_mounted, "messages mounted").toBeLessThanOrEqual(MAX_MOUNTED);
      if (is_at_top) break;
      const drift_px = Math.abs(after.top_px - before.top_px - STEP_PX);
      expect(drift_px, `drift at step ${n_steps}`).toBeLessThanOrEqual(DRIFT_PX);
      expect(n_steps, "steps to the beginning").toBeLessThan(N_MESSAGES);
    }
    await expect(page.getByText(/^The beginning of your conversation/)).toBeInViewport();
    await expect(page.getByRole("article", { name: /first of all/ })).toBeVisible();
  });
});

/** The first message in sight, and where it is. */
function mark() {
  const feed = document.querySelector("[role=feed]") as Element;
  const above_px = feed.getBoundingClientRect().top;
  const articles = [...feed.querySelectorAll<HTMLElement>("article")];
  const first = articles.find((article) => article.getBoundingClientRect().top >= above_px);
  return { key: first?.dataset.key, top_px: first?.getBoundingClientRect().top ?? Number.NaN };
}

/** Waits until nothing is loaded and nothing moves any more; what is there then, and where the message of this key is. */
async function rest(key: string | undefined) {
  const feed = document.querySelector("[role=feed]") as Element;
  const look = () => `${feed.scrollTop} ${feed.scrollHeight} ${feed.getAttribute("aria-busy")}`;
  for (let n_same = 0, before = ""; n_same < 10; ) {
    await new Promise(requestAnimationFrame);
    const now = look();
    n_same = now === before && !now.endsWith("true") ? n_same + 1 : 0;
    before = now;
  }
  return {
    is_at_top: feed.scrollTop === 0,
    n_mounted: feed.querySelectorAll("article").length,
    top_px: feed.querySelector(`[data-key="${key}"]`)?.getBoundingClientRect().top ?? Number.NaN,
  };
}

for (const [device, viewport, n_tools] of [
  ["a desktop", { width: 1280, height: 720 }, 3],
  ["the width of a phone", { width: 390, height: 700 }, 1],
] as const) {
  test.describe(`on ${device}`, () => {
    test.use({ viewport });

    test("what shows beside a message under the pointer covers no word", async ({ ada, bo }) => {
      await ada.create("group", "Engine club", [bo]);
      await bo.open("Engine club");
      for (const person of [ada, bo])
        for (const words of ["hi", LONG.trim()]) await person.say(`${words} says ${person.name}`);
      await expect(ada.page.getByRole("article", { name: /says Bo Diddley/ })).toHaveCount(2);
      for (const article of await ada.page.getByRole("article", { name: /says/ }).all()) {
        // Hovering may scroll, and nothing in the list takes the pointer until the scrolling is over.
        await expect(async () => {
          await article.hover();
          await expect(article.getByRole("button", { name: "More", exact: true })).toBeVisible();
          const { n_shown, covered } = await article.evaluate(overWords);
          expect(n_shown).toBeGreaterThanOrEqual(n_tools);
          expect(covered).toEqual([]);
        }).toPass({ timeout: 10_000 });
      }
    });
  });
}

/** How many buttons of a message can be pressed, and which words of any message lie under them. */
function overWords(article: Element) {
  const tools = [...article.querySelectorAll("button[title]")].map((tool) => tool.getBoundingClientRect());
  const shown = tools.filter(({ left, top, width, height }) =>
    document.elementFromPoint(left + width / 2, top + height / 2)?.closest("button[title]"),
  );
  const covered: string[] = [];
  const texts = document.createTreeWalker(
    document.querySelector("[role=feed]") as Node,
    NodeFilter.SHOW_TEXT,
  );
  const range = document.createRange();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    range.selectNodeContents(text);
    for (const word of range.getClientRects()) {
      const is_under = shown.some(
        (tool) =>
          tool.left < word.right &&
          word.left < tool.right &&
          tool.top < word.bottom &&
          word.top < tool.bottom,
      );
      if (is_under) covered.push(text.textContent ?? "");
    }
  }
  return { n_shown: shown.length, covered };
}
