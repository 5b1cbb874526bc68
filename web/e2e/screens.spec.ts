import { expect, expectAccessible, test } from "./fixtures";
import { Person } from "./person";

const PHONE = { width: 390, height: 844 };

for (const [name, viewport] of [
  ["a desktop", { width: 1440, height: 900 }],
  ["a phone", PHONE],
] as const) {
  test.describe(`on ${name}`, () => {
    test.use({ viewport });

    test("every door can be used by everyone", async ({ server, openWindow }) => {
      const page = await openWindow();
      await page.goto(server.url);
      await expect(page.getByRole("heading", { name: "Almost there" })).toBeVisible();
      await expectAccessible(page);
      await page.goto(server.setUpLink);
      await page.getByRole("button", { name: "Create server" }).click();
      await expect(page.getByText("Please fill this in.").first()).toBeVisible();
      await expectAccessible(page);
      const ada = await Person.setUp(page, server.setUpLink, "Ada Lovelace");
      const link = await ada.invite();
      const stranger = await openWindow();
      await stranger.goto(link);
      await expect(stranger.getByRole("heading", { name: "Join Harbour" })).toBeVisible();
      await expectAccessible(stranger);
      await stranger.goto(`${server.url}/reset#none`);
      await expect(stranger.getByRole("heading", { name: "Set a new password" })).toBeVisible();
      await expectAccessible(stranger);
      await stranger.goto(`${server.url}/log-in`);
      await stranger.getByLabel("Handle").fill("nobody");
      await stranger.getByLabel("Password", { exact: true }).fill("wrong");
      await stranger.getByRole("button", { name: "Log in" }).click();
      await expect(stranger.getByRole("alert")).toHaveText("Wrong handle or password.");
      await expectAccessible(stranger);
    });

    test("every room can be used by everyone", async ({ server, ada, bo }) => {
      await expectAccessible(ada.page);
      await ada.page.getByRole("button", { name: "Invite people" }).click();
      await expectAccessible(ada.page);
      await ada.page.keyboard.press("Escape");
      await ada.writeTo("Bo Diddley");
      await expectAccessible(ada.page);
      await ada.send("hello, see https://example.org and `code`");
      await bo.open("Ada Lovelace");
      await expect(bo.page.getByRole("link", { name: "https://example.org", exact: true })).toBeVisible();
      await bo.send("> hello\n\n- one\n- ||two||");
      await expect(bo.page.getByRole("button", { name: "Hidden text, press to show" })).toBeVisible();
      await expectAccessible(bo.page);
      await bo.page.goto(server.url);
      await ada.say("one more");
      await expect(bo.row("Ada Lovelace")).toContainText("one more");
      await expectAccessible(bo.page);
      await bo.page.goto(`${server.url}/settings`);
      await expect(bo.page.getByRole("heading", { name: "Devices" })).toBeVisible();
      await expectAccessible(bo.page);
      await bo.page.goto(`${server.url}/no-such-place`);
      await expect(bo.page.getByText("There is nothing here")).toBeVisible();
      await expectAccessible(bo.page);
    });
  });
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

test("with a keyboard alone one logs in, finds, reads and answers", async ({
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
  const row = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: "Bo Diddley" });
  await expect(row).toBeVisible();
  for (
    let n_tabs = 0;
    n_tabs < 12 && !(await row.evaluate((link) => link === document.activeElement));
    n_tabs += 1
  )
    await page.keyboard.press("Tab");
  await expect(row).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Message to Bo Diddley" })).toBeFocused();
  await page.keyboard.type("yes, with my keyboard");
  await page.keyboard.press("Enter");
  await bo.page.bringToFront();
  await expect(bo.page.getByRole("article", { name: /yes, with my keyboard/ })).toBeVisible();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("article").last()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("article", { name: /can you read this/ })).toBeFocused();
});
