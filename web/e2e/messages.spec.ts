import { expect, expectAccessible, test } from "./fixtures";
import type { Person } from "./person";

/** Opens the menu of a message with the keyboard and chooses in it. */
async function choose(person: Person, text: string, action: string): Promise<void> {
  await person.bubble(text).focus();
  await person.page.keyboard.press(".");
  await person.page.getByRole("menuitem", { name: action, exact: true }).click();
}

test("a message is edited, deleted, answered, reacted to and pinned, and both sides see it", async ({
  ada,
  bo,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("meet at five");
  await bo.open("Ada Lovelace");
  await bo.say("where?");

  await choose(ada, "meet at five", "Edit");
  await expect(ada.page.getByText("Editing")).toBeVisible();
  await ada.send("meet at six");
  await expect(bo.bubble("meet at six")).toBeVisible();
  await expect(bo.page.getByText("edited", { exact: true })).toBeVisible();

  await choose(ada, "where?", "Reply");
  await ada.say("at the pier");
  const quote = bo.page.getByRole("button", { name: "Answer to Bo Diddley: go there" });
  await expect(quote).toContainText("where?");

  await bo.bubble("at the pier").hover();
  await bo.page.getByRole("button", { name: "React" }).filter({ visible: true }).click();
  await bo.page.getByRole("dialog", { name: "Choose an emoji" }).getByRole("button", { name: "👍" }).click();
  const felt = ada.page.getByRole("button", { name: "👍, 1 person" });
  await expect(felt).toBeVisible();
  await felt.click();
  await expect(bo.page.getByRole("button", { name: "👍, 2 people" })).toHaveAttribute("aria-pressed", "true");
  await felt.or(ada.page.getByRole("button", { name: "👍, 2 people" })).click();
  await expect(bo.page.getByRole("button", { name: "👍, 1 person" })).toBeVisible();
  await expectAccessible(bo.page);

  await choose(bo, "at the pier", "Pin");
  await expect(ada.page.getByRole("button", { name: "Show the pinned message" })).toContainText(
    "at the pier",
  );

  await choose(bo, "where?", "Delete");
  await bo.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(ada.bubble("Message deleted")).toBeVisible();
  await expect(ada.bubble("where?")).toHaveCount(0);
  await ada.page.reload();
  await expect(ada.bubble("Message deleted")).toBeVisible();
  expect(await ada.said()).toEqual(["meet at six", "Message deleted", "at the pier"]);
});

test("the last own message is edited from an empty field, and Escape gives it up", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("teh end");
  await expect(ada.page.getByRole("article", { name: /teh end, Sent/ })).toBeVisible();
  await ada.field.press("ArrowUp");
  await expect(ada.field).toHaveValue("teh end");
  await ada.field.press("Escape");
  await expect(ada.field).toHaveValue("");
  await ada.field.press("ArrowUp");
  await ada.send("the end");
  await expect(bo.row("Ada Lovelace")).toContainText("the end");
});

test("a quote and a link lead to a message far above, and a button back to the latest", async ({
  ada,
  bo,
}) => {
  test.setTimeout(180_000);
  await ada.writeTo("Bo Diddley");
  await ada.say("the very first");
  await expect(ada.page.getByRole("article", { name: /the very first, Sent/ })).toBeVisible();
  for (let n = 1; n <= 130; n += 1) await ada.send(`line ${n}`);
  await expect(ada.page.getByRole("article", { name: /line 130, Sent/ })).toBeVisible({ timeout: 60_000 });
  await bo.open("Ada Lovelace");
  const path = new URL(bo.page.url()).pathname;
  await bo.page.goto(new URL(`${path}/m/1`, bo.page.url()).href);
  await expect(bo.bubble("the very first")).toBeInViewport();
  await expect(bo.bubble("line 130")).toHaveCount(0);
  await bo.page.getByRole("button", { name: /^To the latest message/ }).click();
  await expect(bo.bubble("line 130")).toBeInViewport();
  const numbers = (await bo.said()).map((text) => Number(/\d+/.exec(text)?.[0] ?? 0));
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
});

test("one opens at the first unread message, and scrolls up through all pages", async ({ ada, bo }) => {
  test.setTimeout(180_000);
  await ada.writeTo("Bo Diddley");
  for (let n = 1; n <= 120; n += 1) await ada.send(`line ${n}`);
  await expect(ada.page.getByRole("article", { name: /line 120, Sent/ })).toBeVisible({ timeout: 60_000 });
  await bo.page.reload();
  await bo.open("Ada Lovelace");
  await expect(bo.page.getByText("New messages")).toBeInViewport();
  await expect(bo.bubble("line 1")).toBeInViewport();
  await ada.page.reload();
  await expect(ada.bubble("line 120")).toBeInViewport();
  await ada.page.getByRole("feed").hover();
  const seen = new Set<number>();
  const look = async () => {
    for (const text of await ada.said()) seen.add(Number(text.replace("line ", "")));
  };
  await look();
  for (let n = 0; n < 80 && !seen.has(1); n += 1) {
    await ada.page.mouse.wheel(0, -500);
    await ada.page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
    await look();
  }
  expect([...seen].toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 120 }, (_, n) => n + 1),
  );
  await expect(ada.page.getByText("The beginning of your conversation with Bo Diddley")).toBeAttached();
});
