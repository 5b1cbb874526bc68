import { expect, type Page, test } from "./fixtures";
import { Person } from "./person";

/** Makes a group or a broadcast with people who are on the server. */
async function create(owner: Person, kind: "group" | "broadcast", title: string, people: Person[]) {
  const { page } = owner;
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: `New ${kind}` }).click();
  const dialog = page.getByRole("dialog", { name: `New ${kind}` });
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByRole("button", { name: "Next" }).click();
  for (const { name } of people) {
    await dialog.getByRole("combobox").fill(name);
    await dialog.getByRole("option", { name }).click();
  }
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("heading", { name: title, level: 1 })).toBeAttached();
}

const about = (page: Page) => page.getByRole("complementary", { name: "About" });

async function openAbout({ page }: Person, title: string) {
  await page.getByRole("button", { name: `About ${title}` }).click();
  await expect(about(page)).toBeVisible();
}

async function choose({ page }: Person, member: string, action: string) {
  await about(page)
    .getByRole("button", { name: `What to do with ${member}` })
    .click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("a group: people talk, come by a link, get roles, are removed and leave", async ({
  ada,
  bo,
  openWindow,
}) => {
  await create(ada, "group", "Swimmers", [bo]);
  await ada.say("welcome, all");
  await bo.open("Swimmers");
  await expect(bo.bubble("welcome, all")).toBeVisible();
  await bo.say("glad to be here");
  await expect(ada.page.getByRole("article", { name: /^Bo Diddley, .*glad to be here/ })).toBeVisible();

  await openAbout(ada, "Swimmers");
  await expect(about(ada.page).getByText("2 members").last()).toBeVisible();
  await about(ada.page).getByRole("button", { name: "Add people" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Add people" });
  await dialog.getByRole("button", { name: "Make an invite link" }).click();
  const link = await dialog.getByLabel("Invite link").inputValue();
  await dialog.getByRole("button", { name: "Close" }).click();
  const cy = await Person.join(await openWindow(), link, "Cy Twombly");
  await cy.open("Swimmers");
  await expect(cy.bubble("welcome, all")).toBeVisible();
  await expect(about(ada.page).getByText("3 members").last()).toBeVisible();
  await expect(bo.page.getByText("Cy Twombly joined")).toBeVisible();

  await choose(ada, "Bo Diddley", "Make an admin");
  await openAbout(bo, "Swimmers");
  await expect(about(bo.page).getByRole("button", { name: "Add people" })).toBeVisible();
  await choose(bo, "Cy Twombly", "Remove");
  await expect(cy.row("Swimmers")).toBeHidden();
  await expect(about(bo.page).getByText("2 members").last()).toBeVisible();
  await bo.say("he may come again");
  await cy.page.goto(link);
  await cy.page.getByRole("button", { name: "Join" }).click();
  await expect(cy.bubble("he may come again")).toBeVisible();

  await about(bo.page).getByRole("button", { name: "Leave" }).click();
  await bo.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await expect(bo.row("Swimmers")).toBeHidden();
  await expect(cy.page.getByText("Bo Diddley left")).toBeVisible();
  await about(ada.page).getByRole("button", { name: "Delete for everyone" }).click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Delete for everyone" }).click();
  await expect(ada.row("Swimmers")).toBeHidden();
  await expect(cy.row("Swimmers")).toBeHidden();
});

test("in a group a title and who may write are changed for all at once", async ({ ada, bo }) => {
  await create(ada, "group", "Swimmers", [bo]);
  await bo.open("Swimmers");
  await openAbout(ada, "Swimmers");
  await about(ada.page).getByRole("button", { name: "Change" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Change" });
  await dialog.getByLabel("Title").fill("Winter swimmers");
  await dialog.getByRole("group", { name: "Who can write" }).getByText("Administrators").click();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(bo.page.getByRole("heading", { name: "Winter swimmers", level: 1 })).toBeAttached();
  await expect(bo.page.getByText("Only administrators can post here.")).toBeVisible();
  await expect(bo.page.getByText(/Ada Lovelace changed the title to “Winter swimmers”/)).toBeVisible();
});

test("a broadcast: the owner writes, everyone else reads", async ({ ada, bo }) => {
  await create(ada, "broadcast", "House news", [bo]);
  await ada.say("the water is back");
  await bo.row("House news").click();
  await expect(bo.bubble("the water is back")).toBeVisible();
  await expect(bo.page.getByText("Only administrators can post here.")).toBeVisible();
  await expect(bo.page.getByText("2 subscribers").first()).toBeVisible();
});

test("who is blocked cannot write", async ({ ada, bo }) => {
  await bo.writeTo("Ada Lovelace");
  await bo.say("hello");
  await ada.open("Bo Diddley");
  await openAbout(ada, "Bo Diddley");
  await about(ada.page).getByRole("button", { name: "Block" }).click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await expect(about(ada.page).getByRole("button", { name: "Unblock" })).toBeVisible();
  await bo.say("why?");
  await expect(bo.page.getByText("Not sent. You cannot write to this person.")).toBeVisible();
  await about(ada.page).getByRole("button", { name: "Unblock" }).click();
  await expect(about(ada.page).getByRole("button", { name: "Block", exact: true })).toBeVisible();
  await bo.say("thank you");
  await expect(ada.bubble("thank you")).toBeVisible();
  await expect(ada.bubble("why?")).toHaveCount(0);
});
