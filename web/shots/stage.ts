// The people and the talk in the pictures: names of all lengths and scripts, and everything a conversation can hold.
import { expect, type Locator } from "@playwright/test";
import { guest, owner } from "../e2e/crew";
import type { Person } from "../e2e/person";
import type { Server } from "../e2e/server";

export interface Cast {
  /** Through whose eyes the pictures are. */
  readonly ada: Person;
  readonly bo: Person;
  readonly grace: Person;
  readonly niels: Person;
  readonly layla: Person;
  readonly maximiliane: Person;
}

type Opens = Parameters<typeof owner>[1];

export async function gather(server: Server, open: Opens): Promise<Cast> {
  const ada = await owner(server, open, "Ada Lovelace");
  const come = (name: string, handle?: string) => guest(server, ada, open, name, handle);
  return {
    ada,
    bo: await come("Bo Diddley"),
    grace: await come("Grace Hopper"),
    niels: await come("Niels Bohr"),
    layla: await come("ليلى العامري", "layla"),
    maximiliane: await come("Maximiliane von Hohenstein-Rabenstein", "maxi"),
  };
}

/** One person answers a message of another. */
async function answer(person: Person, to: string, words: string): Promise<void> {
  await person.act(to, "r");
  await person.say(words);
}

async function seen(message: Locator): Promise<void> {
  await expect(message).toBeVisible();
}

/** Ada's conversations besides the two of which the pictures are. */
export async function fillList({ ada, bo, grace, niels, layla, maximiliane }: Cast): Promise<void> {
  await ada.writeTo("Notes to yourself");
  await ada.say("Ask the harbour master for the key of the boathouse");

  await maximiliane.writeTo(ada.name);
  await maximiliane.say("Is “Donaudampfschifffahrtsgesellschaftskapitän” a word one can put on a card?");

  await layla.writeTo(ada.name);
  await layla.say("مرحباً آدا! هل نلتقي في الميناء غداً؟ ⛵");

  await niels.create("group", "Lighthouse repairs and everything that leaks", [ada, grace, maximiliane]);
  await niels.say("The lamp turns again");
  await niels.say("but the roof does not hold");
  await niels.send("@ada.lovelace can you bring the long ladder?");

  await bo.create("group", "Saturday football", [ada, niels, grace]);
  await bo.say("Seven against seven, bring a dark shirt");

  await ada.create("broadcast", "Harbour news", [bo, grace, niels, layla, maximiliane]);
  await ada.say("The water is back on piers 1 to 4 💧");
}

/** A direct conversation with code, a quotation, a list, a link and an answer. */
export async function talkTwo({ ada, bo }: Cast): Promise<void> {
  await bo.writeTo(ada.name);
  await bo.send("Good morning! Did the *engine* run last night?");
  await ada.open(bo.name);
  await ada.say("It did. All 31 cards, without a single jam 🎉");
  await ada.say("I have the numbers here:");
  await ada.send("```\nB1  = 1/6\nB3  = -1/30\nB5  = 1/42\n```");
  await bo.send("> B3 = -1/30\n\nThat one I had **wrong** for weeks. How did you find it?");
  await ada.say("By hand, twice. It is in https://en.wikipedia.org/wiki/Note_G");
  await answer(bo, "I have the numbers here:", "Shall we meet at six and go through them?");
  await ada.say("Six is fine. I bring tea");
  await bo.react("Six is fine. I bring tea", "❤️");
  await seen(ada.page.getByRole("button", { name: "❤️, 1 person" }));
}

/** A group with answers, reactions, a pinned message, a mention, two scripts and a long word. */
export async function talkMany(cast: Cast): Promise<void> {
  const { ada, bo, grace, niels, layla, maximiliane } = cast;
  const title = "Engine club";
  await ada.create("group", title, [bo, grace, niels, layla, maximiliane]);
  await ada.say("Welcome! This is where we keep the cards 🗂️");
  for (const other of [bo, grace, niels, layla, maximiliane]) await other.open(title);
  await grace.say("Thank you. I found a moth in the relay this morning.");
  await niels.say("A real one?");
  await answer(grace, "A real one?", "Taped into the log book.");
  await grace.say("The first actual case of a bug being found");
  for (const other of [bo, niels, layla]) await other.react("Taped into the log book.", "😂");
  for (const other of [ada, bo]) await other.react("Taped into the log book.", "🎉");
  await layla.say("رائع! أريد أن أراها في الاجتماع القادم");
  await maximiliane.say("So that is why the Bernoullizahlenberechnungsmaschine stopped at card 17…");
  await ada.send("@grace.hopper please bring it on Thursday, and **do not** feed it");
  await ada.act("Welcome! This is where we keep the cards 🗂️", "p");
  await bo.say("I want to see it too");
  await bo.say("🦋");
  await seen(ada.page.getByRole("button", { name: "Show the pinned message" }));
  await seen(ada.page.getByRole("article", { name: /🦋/ }));
}
