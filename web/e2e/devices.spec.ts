// What one device does, the other one shows; and what ends on one ends on all its tabs.
import { another, anotherTab, guest } from "./crew";
import { expect, test } from "./fixtures";
import type { Person } from "./person";

test("a draft is found on the other device, and gone from both once it is sent", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("first");
  const second = await another(server, ada, openWindow);
  await ada.field.fill("I shall bring the");
  await ada.choose("Settings");
  await expect(second.row("Bo Diddley")).toContainText("I shall bring the");
  await second.open("Bo Diddley");
  await expect(second.field).toHaveValue("I shall bring the");
  await second.say("I shall bring the tea");
  await expect(ada.row("Bo Diddley")).not.toContainText("Draft");
  await ada.open("Bo Diddley");
  await expect(ada.field).toHaveValue("");
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("I shall bring the tea")).toBeVisible();
});

test("two tabs share a draft, and where both are typed in at once neither loses a word", async ({
  ada,
  bo,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("first");
  const tab = await anotherTab(ada);
  await ada.field.pressSequentially("I shall");
  await expect(tab.field).toHaveValue("I shall");
  await tab.field.press("End");
  await tab.field.pressSequentially(" bring tea");
  await expect(ada.field).toHaveValue("I shall bring tea");
  await tab.field.press("Enter");
  await expect(ada.field).toHaveValue("");

  const [left, right] = ["from the left hand, slowly", "from the right hand, slowly"];
  await Promise.all([
    ada.field.pressSequentially(left, { delay: 40 }),
    tab.field.pressSequentially(right, { delay: 40 }),
  ]);
  // Both have been heard of by now: the server shows one of them to other devices.
  await ada.page.evaluate(() => window.dispatchEvent(new Event("blur")));
  await expect(ada.field).toHaveValue(left);
  await expect(tab.field).toHaveValue(right);
  await tab.field.press("Enter");
  await expect(ada.bubble(right)).toBeVisible();
  await expect(ada.field).toHaveValue(left);
  await ada.field.press("Enter");
  await bo.open("Ada Lovelace");
  for (const text of ["I shall bring tea", left, right]) await expect(bo.bubble(text)).toHaveCount(1);
});

test("what was marked unread on one device is unread on the other", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("for later");
  await ada.open("Bo Diddley");
  await expect(bo.page.getByRole("article", { name: /for later, Read/ })).toBeVisible();
  const second = await another(server, ada, openWindow);
  await ada.choose("Settings");
  await ada.row("Bo Diddley").click({ button: "right" });
  await ada.page.getByRole("menuitem", { name: "Mark as unread" }).click();
  for (const device of [ada, second]) {
    await expect(device.row("Bo Diddley")).toContainText("1 unread message");
    await expect(device.page).toHaveTitle(/^\(1\)/);
  }
  await second.open("Bo Diddley");
  await expect(ada.row("Bo Diddley")).not.toContainText("unread");
});

test("one shows how one wants to be seen, on all devices and to others", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("hello");
  const head = bo.page.getByRole("button", { name: "About Ada Lovelace" });
  await expect(head).toContainText("online");
  await expect(bo.row("Ada Lovelace")).toContainText("online");
  await ada.choose("Settings");
  await ada.page.getByText("Busy", { exact: true }).click();
  await ada.page.getByLabel("A few words beside it").fill("in the water");
  await ada.page.getByRole("button", { name: "Save" }).click();
  await expect(head).toContainText("busy · in the water");
  const second = await another(server, ada, openWindow);
  await second.choose("Settings");
  await expect(second.page.getByRole("radio", { name: "Busy" })).toBeChecked();
  await expect(second.page.getByLabel("A few words beside it")).toHaveValue("in the water");
  await second.page.getByText("By what I do").click();
  await expect(head).toContainText("online");
});

test("in a group one sees who has read a message", async ({ server, ada, bo, openWindow }) => {
  const cy = await guest(server, ada, openWindow, "Cy Twombly");
  await ada.create("group", "Swimmers", [bo, cy]);
  await ada.say("at seven");
  await bo.open("Swimmers");
  await expect(ada.page.getByRole("article", { name: /at seven, Read/ })).toBeVisible();
  await ada.act("at seven", ".");
  await ada.page.getByRole("menuitem", { name: "Who has read it" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Read by" });
  await expect(dialog.getByRole("listitem")).toHaveText([/Bo Diddley/]);
  await dialog.getByRole("button", { name: "Close" }).click();
  await cy.open("Swimmers");
  await expect(cy.bubble("at seven")).toBeVisible();
  await expect
    .poll(async () => {
      await ada.act("at seven", ".");
      await ada.page.getByRole("menuitem", { name: "Who has read it" }).click();
      const readers = ada.page.getByRole("dialog").getByRole("listitem");
      await readers.first().waitFor();
      const n = await readers.count();
      await ada.page.keyboard.press("Escape");
      return n;
    })
    .toBe(2);
});

test("an invite that is withdrawn lets nobody in", async ({ ada, openWindow }) => {
  await ada.choose("Invite people");
  const dialog = ada.page.getByRole("dialog", { name: "Invite people" });
  await dialog.getByText("Ten", { exact: true }).click();
  await dialog.getByText("1 day", { exact: true }).click();
  await dialog.getByRole("button", { name: "Make a link" }).click();
  await expect(dialog).toContainText("It works for ten people, for 1 day.");
  const link = await dialog.getByLabel("Invite link").inputValue();
  const first = await openWindow();
  await first.goto(link);
  await expect(first.getByRole("heading", { name: "Join Harbour" })).toBeVisible();
  await dialog.getByRole("button", { name: "Withdraw it" }).click();
  await expect(dialog.getByRole("button", { name: "Make a link" })).toBeVisible();
  const late = await openWindow();
  await late.goto(link);
  await expect(late.getByRole("heading", { name: "This invite does not work any more" })).toBeVisible();
});

test("notes to oneself are kept, and nobody else is told", async ({ server, ada, openWindow }) => {
  await ada.writeTo("Notes to yourself");
  await ada.say("buy tea");
  const second = await another(server, ada, openWindow);
  await second.open("Notes to yourself");
  await expect(second.bubble("buy tea")).toBeVisible();
  await expect(second.page).toHaveTitle(/^Voodoo/);
});

test("a log-out empties this device in all its tabs", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("between us");
  await ada.field.fill("a secret draft");
  const tab = await anotherTab(ada);
  await expect(tab.row("Bo Diddley")).toBeVisible();
  await ada.choose("Settings");
  await ada.page.getByRole("button", { name: "Log out" }).last().click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
  for (const { page } of [ada, tab])
    await expect(page.getByRole("heading", { name: "Log in to Harbour" })).toBeVisible();
  const kept = () =>
    tab.page.evaluate(async () => ({
      databases: (await indexedDB.databases()).map(({ name }) => name),
      keys: Object.keys(localStorage).filter((key) => key !== "voodoo.theme"),
    }));
  await expect.poll(kept).toEqual({ databases: [], keys: [] });
  expect(await tab.page.content()).not.toContain("between us");
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("between us")).toBeVisible();
});

test("a session that was ended elsewhere says so", async ({ server, ada, openWindow }) => {
  const second = await another(server, ada, openWindow);
  await second.seesList();
  await ada.page.goto(`${server.url}/settings`);
  await ada.page
    .getByRole("listitem")
    .getByRole("button", { name: /^Log out / })
    .click();
  await expect(second.page.getByText("You were logged out on this device.")).toBeVisible();
});

test.describe("where few windows are allowed", () => {
  test.use({ settings: { "limits.sessions": "1" } });

  test("one window too many rests, and goes on when one says so", async ({ server, ada, openWindow }) => {
    const second = await another(server, ada, openWindow);
    const rests = ({ page }: Person) => page.getByText("Too many windows are open under your name.");
    await expect(rests(ada)).toBeVisible();
    await ada.page.getByRole("button", { name: "Go on here" }).click();
    await expect(rests(second)).toBeVisible();
    await expect(rests(ada)).toBeHidden();
  });
});
