// Three people, one of them at two devices at once, in all three kinds of conversation.
import { another, guest, owner } from "./crew";
import { test as base, expect } from "./fixtures";
import type { Person } from "./person";

interface Crew {
  readonly ada: Person;
  /** The other device of Ada's. */
  readonly ada2: Person;
  readonly bo: Person;
  readonly cy: Person;
}

const test = base.extend<{ crew: Crew }>({
  crew: async ({ server, openWindow }, use) => {
    const ada = await owner(server, openWindow, "Ada Lovelace");
    const bo = await guest(server, ada, openWindow, "Bo Diddley");
    const cy = await guest(server, ada, openWindow, "Cy Twombly");
    await use({ ada, ada2: await another(server, ada, openWindow), bo, cy });
  },
});

const deleted = ({ page }: Person, by: Person) =>
  page.getByRole("article", { name: new RegExp(`^(${by.name}|You), .*Message deleted`) });

for (const [name, viewport] of [
  ["a desktop", { width: 1440, height: 900 }],
  ["a phone", { width: 390, height: 844 }],
] as const) {
  test.describe(`on ${name}`, () => {
    test.use({ viewport });

    test("what is unread is told on both devices, and read on one it is read on the other", async ({
      crew: { ada, ada2, bo, cy },
    }) => {
      await ada.create("group", "Swimmers", [bo, cy]);
      await ada.say("welcome");
      await ada.choose("Settings");
      await bo.open("Swimmers");
      await cy.open("Swimmers");
      await bo.say("the water is cold");
      await cy.send("@ada.lovelace bring tea");
      await expect(ada2.row("Swimmers")).toContainText("2 unread messages");
      await expect(ada2.row("Swimmers")).toContainText("you are mentioned");
      for (const device of [ada, ada2]) await expect(device.page).toHaveTitle(/^\(2\)/);
      await ada.open("Swimmers");
      await expect(ada.page.getByText("New messages", { exact: true })).toBeVisible();
      await expect(ada.bubble("the water is cold")).toBeVisible();
      await expect(ada2.row("Swimmers")).not.toContainText(/unread|mentioned/);
      for (const device of [ada, ada2]) await expect(device.page).not.toHaveTitle(/^\(/);
      await bo.say("and wet");
      await expect(ada.bubble("and wet")).toBeVisible();
      await expect(ada2.row("Swimmers")).toContainText("and wet");
      await expect(ada2.row("Swimmers")).not.toContainText("unread");
      await expect(bo.page.getByRole("article", { name: /and wet, Read/ })).toBeVisible();
    });

    test("what is changed, removed, felt and pinned is so on every device at once", async ({
      crew: { ada, ada2, bo, cy },
    }) => {
      await ada.create("group", "Swimmers", [bo, cy]);
      const all = [ada, ada2, bo, cy];
      for (const person of [ada2, bo, cy]) await person.open("Swimmers");
      await bo.say("at sevn");
      await bo.say("never mind");
      await bo.say("who brings tea?");
      for (const person of [ada, ada2, cy]) await expect(person.bubble("who brings tea?")).toBeVisible();

      await bo.act("at sevn", "e");
      await bo.send("at seven");
      for (const person of all) {
        await expect(person.bubble("at seven")).toContainText("edited");
        await expect(person.bubble("at sevn")).toHaveCount(0);
      }

      await ada2.react("at seven", "👍");
      await cy.react("at seven", "👍");
      for (const person of all)
        await expect(person.page.getByRole("button", { name: "👍, 2 people" })).toBeVisible();
      await expect(ada.page.getByRole("button", { name: "👍, 2 people" })).toHaveAttribute(
        "aria-pressed",
        "true",
      );
      await ada.page.getByRole("button", { name: "👍, 2 people" }).click();
      for (const person of all)
        await expect(person.page.getByRole("button", { name: "👍, 1 person" })).toBeVisible();

      await bo.act("never mind", "Delete");
      await bo.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      for (const person of all) await expect(deleted(person, bo)).toBeVisible();
      // An administrator removes what others wrote.
      await ada.act("who brings tea?", "Delete");
      await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      for (const person of all) await expect(deleted(person, bo)).toHaveCount(2);

      await ada2.act("at seven", "p");
      for (const person of all)
        await expect(person.page.getByRole("button", { name: "Show the pinned message" })).toBeVisible();
      await cy.page.getByRole("button", { name: "Show the pinned message" }).click();
      await ada.act("at seven", "p");
      for (const person of all)
        await expect(person.page.getByRole("button", { name: "Show the pinned message" })).toBeHidden();
    });

    test("one-on-one on two devices, and the owner's broadcast to all", async ({
      crew: { ada, ada2, bo, cy },
    }) => {
      await bo.writeTo("Ada Lovelace");
      await bo.say("are you in?");
      await ada.open("Bo Diddley");
      await ada.say("I am");
      await ada2.open("Bo Diddley");
      await ada2.say("and on my telephone too");
      for (const person of [ada, ada2, bo])
        await expect.poll(() => person.said()).toEqual(["are you in?", "I am", "and on my telephone too"]);

      await ada.create("broadcast", "House news", [bo, cy]);
      await ada.say("the water is back");
      for (const person of [bo, cy]) {
        await person.home();
        await expect(person.row("House news")).toContainText("the water is back");
        await person.look("House news");
        await expect(person.bubble("the water is back")).toBeVisible();
        await expect(person.page.getByText("Only administrators can post here.")).toBeVisible();
        await expect(person.field).toBeHidden();
      }
      await ada2.open("House news");
      await ada2.say("and warm");
      for (const person of [ada, bo, cy]) await expect(person.bubble("and warm")).toBeVisible();
    });

    for (const [rule, label, said_meanwhile] of [
      ["all", "Everything", true],
      ["joined", "From then on", false],
    ] as const) {
      test(`who comes back to a group with the history "${rule}" reads what that rule gives`, async ({
        crew: { ada, ada2, bo, cy },
      }) => {
        const dialog = await bo.begin("group", "Swimmers");
        await dialog.getByText(label).click();
        await bo.finish("Swimmers", [ada, cy]);
        await bo.say("before");
        for (const device of [ada, ada2]) {
          await device.open("Swimmers");
          await expect(device.bubble("before")).toBeVisible();
        }
        await bo.openAbout("Swimmers");
        await bo.treat(ada, "Remove");
        for (const device of [ada, ada2]) {
          await expect(device.row("Swimmers")).toBeHidden();
          await expect(device.page.getByText("This conversation is not yours")).toBeVisible();
        }
        await bo.closeAbout();
        await bo.say("meanwhile");
        await bo.openAbout("Swimmers");
        await bo.addMembers([ada]);
        await bo.closeAbout();
        await bo.say("after");
        for (const device of [ada, ada2]) {
          await device.open("Swimmers");
          await expect(device.bubble("after")).toBeVisible();
          await expect(device.bubble("before")).toHaveCount(said_meanwhile ? 1 : 0);
          await expect(device.bubble("meanwhile")).toHaveCount(said_meanwhile ? 1 : 0);
        }
        await cy.open("Swimmers");
        await expect(cy.bubble("meanwhile")).toBeVisible();
      });
    }

    test("a role given or taken counts at once on both devices", async ({ crew: { ada, ada2, bo, cy } }) => {
      await bo.create("group", "Swimmers", [ada, cy]);
      await bo.openAbout("Swimmers");
      for (const device of [ada, ada2]) {
        await device.open("Swimmers");
        await device.openAbout("Swimmers");
        await expect(device.page.getByRole("button", { name: "Add people" })).toBeHidden();
      }
      await expect(cy.row("Swimmers")).toBeVisible();
      await bo.treat(ada, "Make an admin");
      for (const device of [ada, ada2])
        await expect(device.page.getByRole("button", { name: "Add people" })).toBeVisible();
      await ada2.treat(cy, "Remove");
      await expect(cy.row("Swimmers")).toBeHidden();
      await bo.treat(ada, "Make a plain member");
      for (const device of [ada, ada2])
        await expect(device.page.getByRole("button", { name: "Add people" })).toBeHidden();
    });

    test("a block holds on both devices, and ends on both", async ({ crew: { ada, ada2, bo } }) => {
      await bo.writeTo("Ada Lovelace");
      await bo.say("hello");
      for (const device of [ada, ada2]) {
        await device.open("Bo Diddley");
        await device.openAbout("Bo Diddley");
      }
      await ada.page.getByRole("button", { name: "Block" }).click();
      await ada.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
      for (const device of [ada, ada2])
        await expect(device.page.getByRole("button", { name: "Unblock" })).toBeVisible();
      await bo.say("why?");
      await expect(bo.page.getByText("Not sent. You cannot write to this person.")).toBeVisible();
      await ada2.page.getByRole("button", { name: "Unblock" }).click();
      for (const device of [ada, ada2]) {
        await expect(device.page.getByRole("button", { name: "Block", exact: true })).toBeVisible();
        await device.closeAbout();
      }
      await bo.say("thank you");
      for (const device of [ada, ada2]) {
        await expect(device.bubble("thank you")).toBeVisible();
        await expect(device.bubble("why?")).toHaveCount(0);
      }
    });
  });
}
