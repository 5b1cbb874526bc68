import { expect, expectAccessible, type Page, test } from "./fixtures";
import { Person } from "./person";
import type { Server } from "./server";
import { DOORS, EMPTY, LAST, PARTS, ROOMS, type Stage, type Surface, UNCLAIMED } from "./surfaces";

const PHONE = { width: 390, height: 844 };

for (const [name, viewport] of [
  ["a desktop", { width: 1440, height: 900 }],
  ["a phone", PHONE],
] as const) {
  test.describe(`on ${name}`, () => {
    test.use({ viewport });

    test("what stands before the owner comes can be used by everyone", async ({ server, openWindow }) => {
      const stranger = await openWindow();
      await look(UNCLAIMED, { ...placeOf(server), stranger });
    });

    test.describe("where everyone may sign up", () => {
      test.use({ settings: { "rules.sign_up": "open" } });

      test("every door, room, dialog and menu can be used by everyone", async ({
        server,
        ada,
        bo,
        openWindow,
      }) => {
        test.setTimeout(SLOW_MS);
        const stage = {
          ...placeOf(server),
          ada,
          bo,
          stranger: await openWindow(),
          stop: () => server.kill(),
        };
        await look(DOORS, stage);
        await look(EMPTY, stage);
        await furnish(stage, await openWindow());
        await look(PARTS, stage);
        await look(ROOMS, stage);
        await look(LAST, stage);
      });
    });
  });
}

/** Some sixty places, each in both themes. */
const SLOW_MS = 900_000;

const placeOf = ({ url, setUpLink }: Server) => ({ url, setUpLink });

/** Goes to each place and looks there. */
async function look<On>(surfaces: readonly Surface<On>[], stage: On): Promise<void> {
  for (const { name, show } of surfaces)
    await test.step(name, async () => expectAccessible(await show(stage)));
}

/** Brings into Ada's conversations all that can be seen in them. */
async function furnish({ ada, bo, url }: Stage, page: Page): Promise<void> {
  await ada.page.goto(url);
  await ada.create("broadcast", "House news", [bo]);
  await ada.say("the water is back");
  await ada.home();
  await ada.create("group", "Swimmers", [bo]);
  await ada.say("at seven");
  await bo.open("Swimmers");
  await bo.react("at seven", "👍");
  await bo.act("at seven", "r");
  await bo.say("I shall be there");
  await ada.act("at seven", "p");
  await bo.home();
  await bo.writeTo("Ada Lovelace");
  await bo.send("hello Ada, see https://example.org and `code`");
  await bo.send("> hello\n\n- one\n- ||two||");
  await bo.home();
  await page.goto(`${url}/join`);
  const eve = await Person.join(page, page.url(), "Eve Stranger");
  await eve.writeTo("Ada Lovelace");
  await eve.say("do you know me?");
}

test.describe("on a phone", () => {
  test.use({ viewport: PHONE });

  test("list and conversation follow each other, and nothing is wider than the screen", async ({
    ada,
    bo,
  }) => {
    await ada.writeTo("Bo Diddley");
    await ada.say(`long ${"word".repeat(80)}`);
    await expect(ada.page.getByRole("list", { name: "Conversations" })).toBeHidden();
    await ada.page.getByRole("button", { name: "Back" }).click();
    await expect(ada.row("Bo Diddley")).toBeVisible();
    await expect(bo.row("Ada Lovelace")).toBeVisible();
    await bo.open("Ada Lovelace");
    await bo.page.goBack();
    await expect(bo.row("Ada Lovelace")).toBeVisible();
    for (const { page } of [ada, bo]) {
      const over_px = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(over_px).toBeLessThanOrEqual(0);
    }
  });
});

test("with a keyboard alone one logs in, finds, reads, answers and reacts", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("can you read this?");
  const { page } = new Person(await openWindow(), ada.name);
  await page.goto(`${server.url}/log-in`);
  await expect(page.getByLabel("Handle")).toBeFocused();
  await page.keyboard.type(ada.handle);
  await page.keyboard.press("Tab");
  await page.keyboard.type("a lamp by the window");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: /^Bo Diddley / })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox")).toBeFocused();
  await page.keyboard.type("bo");
  await expect(page.getByRole("option", { name: "Bo Diddley" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Message to Bo Diddley" })).toBeFocused();
  await page.keyboard.type("yes, with my keyboard");
  await page.keyboard.press("Enter");
  await expect(bo.page.getByRole("article", { name: /yes, with my keyboard/ })).toBeVisible();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("article").last()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  const first = page.getByRole("article", { name: /can you read this/ });
  await expect(first).toBeFocused();
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(bo.page.getByRole("button", { name: /, 1 person$/ })).toBeVisible();
  await expect(first).toBeFocused();
  await page.keyboard.press("r");
  await expect(page.getByRole("textbox", { name: "Message to Bo Diddley" })).toBeFocused();
  await page.keyboard.type("and I like it");
  await page.keyboard.press("Enter");
  await expect(bo.page.getByRole("button", { name: /^Answer to / })).toBeVisible();
});
