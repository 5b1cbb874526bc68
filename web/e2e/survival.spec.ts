import { anotherTab } from "./crew";
import { expect, test } from "./fixtures";
import type { Person } from "./person";

/** Back-off doubles while the server is away, so this is the longest that a page may take to come back. */
const BACK_MS = 45_000;

async function mark(person: Person): Promise<void> {
  await person.page.evaluate(() => Object.assign(window, { is_same_page: true }));
}

async function expectNotReloaded(person: Person): Promise<void> {
  expect(await person.page.evaluate(() => "is_same_page" in window)).toBe(true);
}

test("open pages survive a kill: nothing is lost, doubled or reloaded", async ({ server, ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("before 1");
  await bo.open("Ada Lovelace");
  await bo.say("before 2");
  await expect(ada.bubble("before 2")).toBeVisible();
  for (const person of [ada, bo]) await mark(person);

  for (const round of [1, 2]) {
    await server.kill();
    await ada.say(`away ${round} ada`);
    await bo.say(`away ${round} bo`);
    await expect(
      ada.page.getByRole("article", { name: `away ${round} ada, Waiting to be sent` }),
    ).toBeVisible();
    await server.restart();
    await expect(bo.bubble(`away ${round} ada`)).toBeVisible({ timeout: BACK_MS });
    await expect(ada.bubble(`away ${round} bo`)).toBeVisible({ timeout: BACK_MS });
    await ada.say(`after ${round}`);
    await expect(bo.bubble(`after ${round}`)).toBeVisible({ timeout: BACK_MS });
  }

  const expected = ["before 1", "before 2"].concat(
    ...[1, 2].map((round) => [`away ${round} ada`, `away ${round} bo`, `after ${round}`]),
  );
  for (const person of [ada, bo]) {
    await expectNotReloaded(person);
    expect((await person.said()).toSorted()).toEqual(expected.toSorted());
    await expect(person.page.getByRole("article", { name: /Waiting|Sending|Not sent/ })).toHaveCount(0);
  }
  const order = await ada.said();
  expect(await bo.said()).toEqual(order);
  await ada.page.reload();
  await expect(ada.bubble("after 2")).toBeVisible();
  await expect.poll(() => ada.said()).toEqual(order);
});

test("what was typed while the server was away survives a reload of the page", async ({
  server,
  ada,
  bo,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("first");
  await expect(ada.page.getByRole("article", { name: /first, Sent/ })).toBeVisible();
  await server.stop();
  await ada.say("kept");
  await expect(ada.row("Bo Diddley")).toHaveAccessibleName(/Waiting to be sent.* kept/);
  await expect(ada.page.getByText(/No connection\. 1 message will be sent later/)).toBeVisible({
    timeout: BACK_MS,
  });
  await server.restart();
  await ada.page.reload();
  await expect(ada.page.getByRole("article", { name: /kept, (Sent|Read)/ })).toBeVisible({
    timeout: BACK_MS,
  });
  await expect(bo.row("Ada Lovelace")).toContainText("kept", { timeout: BACK_MS });
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("kept")).toHaveCount(1);
  expect(await bo.said()).toEqual(["first", "kept"]);
});

test("two tabs of one person show the same, and each message once", async ({ ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  const other = await anotherTab(ada);
  await ada.say("from the first tab");
  await expect(other.bubble("from the first tab")).toBeVisible();
  await other.say("from the second tab");
  await expect(ada.bubble("from the second tab")).toBeVisible();
  await bo.open("Ada Lovelace");
  await bo.say("to both");
  for (const person of [ada, other]) {
    await expect(person.bubble("to both")).toBeVisible();
    expect(await person.said()).toEqual(["from the first tab", "from the second tab", "to both"]);
  }
  await ada.page.close();
  await other.say("the other one is closed");
  await expect(bo.bubble("the other one is closed")).toBeVisible();
});
