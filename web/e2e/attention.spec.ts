import { expect, test } from "./fixtures";
import { Person } from "./person";

test("who is there, who writes and who has read is seen at once", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("are you there?");
  await bo.open("Ada Lovelace");
  await expect(ada.page.getByRole("article", { name: /are you there\?, Read/ })).toBeVisible();
  const head = ada.page.getByRole("button", { name: "About Bo Diddley" });
  await expect(head).toContainText("online");
  await bo.field.pressSequentially("I am typ");
  await expect(head).toContainText("Bo Diddley is typing…");
  await expect(ada.row("Bo Diddley")).toContainText("Bo Diddley is typing…");
  await expect(head).not.toContainText("typing", { timeout: 15_000 });
});

test("what one device does to the list the other one shows", async ({ server, ada, bo, openWindow }) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("hello");
  const second = new Person(await openWindow(), ada.name);
  await second.page.goto(server.url);
  await second.logIn();
  const choose = async (action: string) => {
    await ada.row("Bo Diddley").click({ button: "right" });
    await ada.page.getByRole("menuitem", { name: action, exact: true }).click();
  };
  await expect(second.row("Bo Diddley")).toContainText("1 unread message");
  await choose("Mark as read");
  await expect(second.row("Bo Diddley")).not.toContainText("unread");
  await choose("Mute");
  await expect(second.row("Bo Diddley")).toContainText("Muted");
  await bo.say("anybody?");
  await expect(second.row("Bo Diddley")).toContainText("1 unread message");
  await expect(second.page).toHaveTitle("Voodoo");
  await choose("Unmute");
  await expect(second.page).toHaveTitle(/^\(1\)/);
  await choose("Pin to the top");
  await expect(second.row("Bo Diddley")).not.toContainText("Muted");
  await choose("Archive");
  await expect(second.row("Bo Diddley")).toBeHidden();
  await second.page.getByRole("button", { name: "Archived" }).click();
  await expect(second.row("Bo Diddley")).toBeVisible();
  await second.open("Bo Diddley");
  await second.say("read on the second");
  await expect(bo.row("Ada Lovelace")).toContainText("read on the second");
});

test("a broadcast open to all is found, joined and counted", async ({ ada, bo }) => {
  const { page } = ada;
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "New broadcast" }).click();
  const dialog = page.getByRole("dialog", { name: "New broadcast" });
  await dialog.getByLabel("Title").fill("House news");
  await dialog.getByText("Everyone here").click();
  await dialog.getByRole("button", { name: "Next" }).click();
  await dialog.getByRole("button", { name: "Create" }).click();
  await ada.say("the water is back");
  await bo.page.getByRole("button", { name: "Menu" }).click();
  await bo.page.getByRole("menuitem", { name: "Open conversations" }).click();
  await bo.page.getByRole("button", { name: "Join House news" }).click();
  await expect(bo.bubble("the water is back")).toBeVisible();
  await expect(bo.page.getByText("2 subscribers").first()).toBeVisible();
  await expect(
    ada.page
      .getByRole("article")
      .getByText(/^\d+ views?$/)
      .first(),
  ).toBeAttached({ timeout: 45_000 });
});

test("with a keyboard alone one answers a message and reacts to it", async ({ ada, bo }) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("can you do this without a mouse?");
  await ada.open("Bo Diddley");
  await expect(ada.field).toBeFocused();
  await ada.page.keyboard.press("Shift+Tab");
  await expect(ada.bubble("can you do this without a mouse?")).toBeFocused();
  await ada.page.keyboard.press("+");
  await ada.page.keyboard.press("ArrowRight");
  await ada.page.keyboard.press("Enter");
  await expect(bo.page.getByRole("button", { name: /, 1 person$/ })).toBeVisible();
  await expect(ada.page.getByRole("article", { name: /can you do this without a mouse/ })).toBeFocused();
  await ada.page.keyboard.press("r");
  await expect(ada.field).toBeFocused();
  await ada.page.keyboard.type("yes");
  await ada.page.keyboard.press("Enter");
  await expect(bo.page.getByRole("button", { name: /^Answer to Bo Diddley/ })).toBeVisible();
});

test.describe("where everyone may sign up", () => {
  test.use({ settings: { "rules.sign_up": "open" } });

  test("a stranger is let in quietly, and heard once accepted", async ({ server, ada, openWindow }) => {
    const page = await openWindow();
    await page.goto(server.url);
    await page.getByRole("link", { name: "Make an account" }).click();
    const eve = await Person.join(page, page.url(), "Eve Stranger");
    await eve.writeTo("Ada Lovelace");
    await eve.say("do you know me?");
    await ada.page.getByRole("button", { name: /1 message request/ }).click();
    await expect(ada.page).toHaveTitle("Voodoo");
    await ada.open("Eve Stranger");
    const request = ada.page.getByRole("region", { name: "Request" });
    await expect(request).toContainText("Eve Stranger wants to write to you.");
    await request.getByRole("button", { name: "Accept" }).click();
    await expect(request).toBeHidden();
    await ada.say("now I do");
    await expect(eve.bubble("now I do")).toBeVisible();
  });
});
