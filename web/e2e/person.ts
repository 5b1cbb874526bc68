// What people do, by what they see: roles, labels and words.
import { expect, type Locator, type Page } from "@playwright/test";

const PASSWORD = "a lamp by the window";

/** Somebody in front of a page. */
export class Person {
  readonly page: Page;
  readonly name: string;
  readonly #handle: string | undefined;

  constructor(page: Page, name: string, handle?: string) {
    this.page = page;
    this.name = name;
    this.#handle = handle;
  }

  /** Makes the owner by the printed link. */
  static async setUp(page: Page, link: string, name: string): Promise<Person> {
    const person = new Person(page, name);
    await page.goto(link);
    await person.#fillAccount();
    await page.getByLabel("Name of this server").fill("Harbour");
    await page.getByRole("button", { name: "Create server" }).click();
    await person.seesList();
    return person;
  }

  /** Makes an account by an invite link. */
  static async join(page: Page, link: string, name: string): Promise<Person> {
    const person = new Person(page, name);
    await page.goto(link);
    await person.#fillAccount();
    await page.getByRole("button", { name: "Join" }).click();
    await person.seesList();
    return person;
  }

  /** The name in small letters, where no other was given. */
  get handle(): string {
    if (this.#handle !== undefined) return this.#handle;
    const plain = this.name.normalize("NFD").replaceAll(/\p{Mn}/gu, "");
    return plain.toLowerCase().replaceAll(" ", ".");
  }

  async logIn(): Promise<void> {
    await this.page.getByLabel("Handle").fill(this.handle);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await this.page.getByRole("button", { name: "Log in" }).click();
  }

  /** A link by which one person can make an account. */
  async invite(): Promise<string> {
    await this.page.getByRole("button", { name: "Menu" }).click();
    await this.page.getByRole("menuitem", { name: "Invite people" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Invite people" });
    await dialog.getByRole("button", { name: "Make a link" }).click();
    const field = dialog.getByLabel("Invite link");
    await expect(field).toHaveValue(/\/join#/);
    const link = await field.inputValue();
    await dialog.getByRole("button", { name: "Close" }).click();
    return link;
  }

  /** Finds somebody and opens the direct conversation with them. */
  async writeTo(name: string): Promise<void> {
    await this.page.getByRole("button", { name: "New message" }).first().click();
    const dialog = this.page.getByRole("dialog", { name: "New message" });
    await expect(dialog.getByRole("combobox", { name: "Name or handle" })).toBeFocused();
    await this.page.keyboard.type(name);
    await dialog.getByRole("option", { name }).click();
    await expect(this.field).toBeVisible();
  }

  /** Goes to the list, which on a phone stands in the place of a conversation. */
  async home(): Promise<void> {
    const back = this.page.getByRole("button", { name: /^(Back|To the conversations)$/ });
    if (await back.isVisible()) await back.click();
    await this.seesList();
  }

  /** Opens a conversation of the list, where one may write or not. */
  async look(name: string): Promise<void> {
    await this.home();
    await this.row(name).click();
    await expect(this.page.getByRole("heading", { name, level: 1 })).toBeAttached();
  }

  /** Opens a conversation of the list. */
  async open(name: string): Promise<void> {
    await this.look(name);
    await expect(this.field).toBeVisible();
  }

  /** Presses a key on a message. */
  async act(text: string, key: string): Promise<void> {
    await this.bubble(text).focus();
    await this.page.keyboard.press(key);
  }

  async react(text: string, emoji: string): Promise<void> {
    await this.act(text, "+");
    await this.page.getByRole("dialog").getByRole("button", { name: emoji }).first().click();
  }

  /** Chooses from what the list has in its menu. */
  async choose(item: string): Promise<void> {
    await this.home();
    await this.page.getByRole("button", { name: "Menu" }).click();
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  /** Makes a group or a broadcast with people who are on the server. */
  async create(kind: "group" | "broadcast", title: string, people: readonly Person[]): Promise<void> {
    await this.begin(kind, title);
    await this.finish(title, people);
  }

  /** The first step of making one: what it is. */
  async begin(kind: "group" | "broadcast", title: string): Promise<Locator> {
    await this.choose(`New ${kind}`);
    const dialog = this.page.getByRole("dialog", { name: `New ${kind}` });
    await dialog.getByLabel("Title").fill(title);
    return dialog;
  }

  /** The second step: who is in it. */
  async finish(title: string, people: readonly Person[]): Promise<void> {
    const dialog = this.page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Next" }).click();
    await pick(dialog, people);
    await dialog.getByRole("button", { name: "Create" }).click();
    await expect(this.page.getByRole("heading", { name: title, level: 1 })).toBeAttached();
  }

  async openAbout(title: string): Promise<void> {
    await this.page.getByRole("button", { name: `About ${title}` }).click();
    await expect(this.page.getByRole("heading", { name: /^(About|Person)$/ })).toBeVisible();
  }

  async closeAbout(): Promise<void> {
    await this.page.getByRole("button", { name: "Close" }).click();
  }

  /** Chooses what is to be done with a member. */
  async treat(member: Person, action: string): Promise<void> {
    await this.page.getByRole("button", { name: `What to do with ${member.name}` }).click();
    await this.page.getByRole("menuitem", { name: action }).click();
  }

  async addMembers(people: readonly Person[]): Promise<void> {
    await this.page.getByRole("button", { name: "Add people" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Add people" });
    await pick(dialog, people);
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await expect(dialog).toBeHidden();
  }

  /** Sends a text that may hold marks, so that it does not read as it was typed. */
  async send(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  async say(text: string): Promise<void> {
    await this.send(text);
    await expect(this.bubble(text)).toBeVisible();
  }

  /** Where one writes. */
  get field(): Locator {
    return this.page.getByRole("textbox", { name: /^Message to / });
  }

  row(name: string): Locator {
    return this.page.getByRole("list", { name: "Conversations" }).getByRole("link", {
      // Others are named in what was said last.
      name: new RegExp(`^((Group|Broadcast) )?${escaped(name)} `),
    });
  }

  /** Every message that says this and nothing else. */
  bubble(text: string): Locator {
    return this.page.getByRole("article", { name: new RegExp(`, ${escaped(text)}(, |$)`) });
  }

  /** All that is said in the open conversation, as it is read aloud. */
  async said(): Promise<string[]> {
    const names = await this.page
      .getByRole("article")
      .evaluateAll((articles) => articles.map((article) => article.getAttribute("aria-label") ?? ""));
    return names.map((name) => name.split(", ")[2] ?? name);
  }

  async #fillAccount(): Promise<void> {
    await this.page.getByLabel("Your name").fill(this.name);
    await this.page.getByLabel("Handle").fill(this.handle);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  }

  async seesList(): Promise<void> {
    await expect(this.page.getByRole("navigation", { name: "Conversations" })).toBeVisible();
  }
}

async function pick(dialog: Locator, people: readonly Person[]): Promise<void> {
  for (const { name } of people) {
    await dialog.getByRole("combobox").fill(name);
    await dialog.getByRole("option", { name }).click();
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
