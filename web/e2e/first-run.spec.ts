import { expect, test } from "./fixtures";
import { Person } from "./person";

test("a page that comes before the owner explains the printed link", async ({ server, page }) => {
  await page.goto(server.url);
  await expect(page.getByRole("heading", { name: "Almost there" })).toBeVisible();
  await expect(page.getByText(/Open the set-up link that Voodoo printed/)).toBeVisible();
});

test("the owner is made from the printed link, and the link works once", async ({ server, openWindow }) => {
  const ada = await Person.setUp(await openWindow(), server.setUpLink, "Ada Lovelace");
  expect(new URL(ada.page.url()).pathname).toBe("/");
  expect(new URL(ada.page.url()).hash).toBe("");
  const late = await openWindow();
  await late.goto(server.setUpLink);
  await late.getByLabel("Your name").fill("Late");
  await late.getByLabel("Password", { exact: true }).fill("a lamp by the window");
  await late.getByLabel("Name of this server").fill("Mine");
  await late.getByRole("button", { name: "Create server" }).click();
  await expect(late.getByRole("heading", { name: "This server is set up already" })).toBeVisible();
});

test("two people talk: one finds the other, both see each message once, and what was read", async ({
  ada,
  bo,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("hello Bo");
  await expect(bo.row("Ada Lovelace")).toContainText("hello Bo");
  await expect(bo.page).toHaveTitle(/^\(1\)/);
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("hello Bo")).toBeVisible();
  await bo.say("hello Ada");
  await expect(ada.bubble("hello Ada")).toBeVisible();
  await ada.say("how is the weather?");
  await bo.send("**wet**");
  await expect(ada.page.getByRole("article").getByText("wet", { exact: true })).toBeVisible();
  await expect(bo.page).toHaveTitle(/^Voodoo/);
  for (const person of [ada, bo])
    expect(await person.said()).toEqual(["hello Bo", "hello Ada", "how is the weather?", "wet"]);
});

test("a message has its tick once the server keeps it", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("are you there?");
  await expect(ada.page.getByRole("article", { name: /are you there\?, Sent/ })).toBeVisible();
  await expect(bo.row("Ada Lovelace")).toContainText("are you there?");
});

test("an invite link works once", async ({ ada, openWindow }) => {
  const link = await ada.invite();
  await Person.join(await openWindow(), link, "Cy Twombly");
  const late = await openWindow();
  await late.goto(link);
  await expect(late.getByRole("heading", { name: "This invite does not work any more" })).toBeVisible();
});

test("one logs out, and in again to what was there", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("keep this");
  await ada.page.getByRole("button", { name: "Menu" }).click();
  await ada.page.getByRole("menuitem", { name: "Settings" }).click();
  await ada.page.getByRole("button", { name: "Log out" }).last().click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
  await expect(ada.page.getByRole("heading", { name: "Log in to Harbour" })).toBeVisible();
  await ada.logIn();
  await ada.open("Bo Diddley");
  await expect(ada.bubble("keep this")).toBeVisible();
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("keep this")).toBeVisible();
});

test("a device that is logged out elsewhere is shown the door", async ({ server, ada, openWindow }) => {
  const second = new Person(await openWindow(), ada.name);
  await second.page.goto(server.url);
  await second.logIn();
  await expect(second.page.getByText("No conversations yet")).toBeVisible();
  await ada.page.goto(`${server.url}/settings`);
  await ada.page
    .getByRole("listitem")
    .getByRole("button", { name: /^Log out / })
    .click();
  await expect(second.page.getByRole("heading", { name: "Log in to Harbour" })).toBeVisible();
});
