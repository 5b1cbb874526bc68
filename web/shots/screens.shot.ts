import type { Page } from "@playwright/test";
import { test } from "../e2e/fixtures";
import { Person } from "../e2e/person";

const OUT = process.env.SHOTS_DIR ?? "../docs/use";
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** One picture for each size and theme. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({
        path: `${OUT}/${name}-${size.width}-${colorScheme}.png`,
        animations: "disabled",
      });
    }
  }
  await page.setViewportSize(SIZES[0] as (typeof SIZES)[number]);
}

async function createGroup({ page }: Person, title: string, names: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "New group" }).click();
  const dialog = page.getByRole("dialog", { name: "New group" });
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByLabel("What it is about").fill("Cards, numbers and the machine");
  await dialog.getByRole("button", { name: "Next" }).click();
  for (const name of names) {
    await dialog.getByRole("combobox").fill(name);
    await dialog.getByRole("option", { name }).click();
  }
  await dialog.getByRole("button", { name: "Create" }).click();
}

async function act(person: Person, text: string, key: string): Promise<void> {
  await person.bubble(text).focus();
  await person.page.keyboard.press(key);
}

async function answer(person: Person, text: string, words: string): Promise<void> {
  await act(person, text, "r");
  await person.say(words);
}

async function react(person: Person, text: string, emoji: string): Promise<void> {
  await act(person, text, "+");
  await person.page.getByRole("dialog").getByRole("button", { name: emoji }).click();
}

async function pin(person: Person, text: string): Promise<void> {
  await act(person, text, "p");
  await person.page.getByRole("button", { name: "Show the pinned message" }).waitFor();
}

test("the main screens", async ({ server, openWindow }) => {
  const first = await openWindow();
  await first.setViewportSize(SIZES[0] as (typeof SIZES)[number]);
  await first.goto(server.url);
  await first.getByRole("heading", { name: "Almost there" }).waitFor();
  await shoot(first, "before-the-owner");
  await first.goto(server.setUpLink);
  await first.getByLabel("Your name").fill("Ada Lovelace");
  await shoot(first, "set-up");
  const ada = await Person.setUp(first, server.setUpLink, "Ada Lovelace");
  await shoot(ada.page, "empty");
  const link = await ada.invite();
  const second = await openWindow();
  await second.goto(link);
  await second.getByRole("heading", { name: "Join Harbour" }).waitFor();
  await shoot(second, "join");
  const bo = await Person.join(second, link, "Bo Diddley");
  const others: Person[] = [];
  for (const name of ["Grace Hopper", "Niels Bohr", "Émilie du Châtelet"]) {
    const other = await Person.join(await openWindow(), await ada.invite(), name);
    await other.writeTo("Ada Lovelace");
    await other.say(`Hello from ${name}!`);
    others.push(other);
  }
  await bo.writeTo("Ada Lovelace");
  await bo.send("Good morning! Did the *engine* run last night?");
  await ada.open("Bo Diddley");
  await ada.say("It did. All 31 cards, without a single jam 🎉");
  await ada.say("I have the numbers here:");
  await ada.send("```\nB1  = 1/6\nB3  = -1/30\nB5  = 1/42\n```");
  await bo.send("> B3 = -1/30\n\nThat one I had **wrong** for weeks. How did you find it?");
  await ada.send(
    "By hand, twice. See https://en.wikipedia.org/wiki/Note_G — and then:\n- check the signs\n- check them *again*\n- sleep",
  );
  await bo.say("🤝");
  await bo.say("Shall we meet at six?");
  await ada.page.getByRole("article", { name: /meet at six/ }).waitFor();
  await shoot(ada.page, "conversation");
  await createGroup(ada, "Engine club", ["Bo Diddley", ...others.map(({ name }) => name)]);
  await ada.say("Welcome! This is where we keep the cards 🗂️");
  const [grace, niels] = others as [Person, Person];
  for (const other of [grace, niels, bo]) await other.open("Engine club");
  await grace.say("Thank you. I found a moth in the relay this morning.");
  await niels.say("A real one?");
  await answer(grace, "A real one?", "Taped into the log book.");
  await react(bo, "Taped into the log book.", "😂");
  await react(niels, "Taped into the log book.", "😂");
  await react(ada, "Taped into the log book.", "🎉");
  await ada.send("@grace.hopper please bring it to the next meeting");
  await bo.say("I want to see it too");
  await pin(ada, "Welcome! This is where we keep the cards 🗂️");
  await ada.page.getByRole("article", { name: /want to see it too/ }).waitFor();
  await ada.page.mouse.move(0, 0);
  await shoot(ada.page, "group");
  await ada.page.getByRole("button", { name: "About Engine club" }).click();
  await ada.page.getByText("@niels.bohr").waitFor();
  await shoot(ada.page, "about");
  await ada.page.goto(server.url);
  await ada.row("Bo Diddley").waitFor();
  await shoot(ada.page, "list");
  await ada.page.goto(`${server.url}/settings`);
  await ada.page.getByRole("heading", { name: "Devices" }).waitFor();
  await shoot(ada.page, "settings");
  const door = await openWindow();
  await door.goto(server.url);
  await door.getByRole("heading", { name: "Log in to Harbour" }).waitFor();
  await shoot(door, "log-in");
});
