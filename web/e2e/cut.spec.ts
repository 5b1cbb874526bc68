// What breaks while somebody sends: the way, the server, the tab that holds the socket. Every message is there once.
import { another, anotherTab } from "./crew";
import { expect, type Page, test } from "./fixtures";
import type { Person } from "./person";
import type { Server } from "./server";
import { Way } from "./way";

/** Back-off doubles while there is nothing to reach, so this is the longest that a page may take to come back. */
const BACK_MS = 45_000;

const numbered = (who: string, n: number) => Array.from({ length: n }, (_, at) => `${who} ${at + 1}`);

/** Sends one after the other, without waiting for any. */
async function sendAll(person: Person, texts: readonly string[]): Promise<void> {
  for (const text of texts) await person.send(text);
}

/** Everything is there once and acknowledged, and what one of them sent stands in its order. */
async function expectAll(readers: readonly Person[], ...sent: readonly (readonly string[])[]): Promise<void> {
  const all = sent.flat().toSorted();
  for (const reader of readers) {
    await expect.poll(async () => (await reader.said()).toSorted(), { timeout: BACK_MS }).toEqual(all);
    await expect(reader.page.getByRole("article", { name: /Waiting|Sending|Not sent/ })).toHaveCount(0, {
      timeout: BACK_MS,
    });
  }
  const [first, ...others] = await Promise.all(readers.map((reader) => reader.said()));
  for (const order of others) expect(order).toEqual(first);
  for (const own of sent) expect(first?.filter((text) => own.includes(text))).toEqual(own);
}

/** Another device of somebody, whose way to the server can be spoilt; Bo has the conversation with it open. */
async function far(server: Server, person: Person, bo: Person, openWindow: () => Promise<Page>) {
  const way = await Way.to(server.url);
  const device = await another({ url: way.url } as Server, person, openWindow);
  await device.writeTo(bo.name);
  await device.say("before");
  await bo.open(person.name);
  return { way, device };
}

test("a way that is slow, swallows and breaks while one sends loses and doubles nothing", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  const { way, device } = await far(server, ada, bo, openWindow);
  const texts = numbered("far", 20);
  way.bytesPerS = 2_000;
  await sendAll(device, texts.slice(0, 5));
  way.cut();
  await sendAll(device, texts.slice(5, 10));
  way.isOpen = false;
  way.cut();
  await sendAll(device, texts.slice(10, 15));
  await bo.send("bo meanwhile");
  way.isOpen = true;
  await expect(bo.bubble("far 12")).toBeVisible({ timeout: BACK_MS });
  way.hold();
  await sendAll(device, texts.slice(15));
  way.cut();
  way.release();
  way.bytesPerS = Number.POSITIVE_INFINITY;

  await expectAll([device, bo], ["before", ...texts], ["bo meanwhile"]);
  way.remove();
});

test("a server that is killed while two send has each message once", async ({ server, ada, bo }) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("before");
  await bo.open("Ada Lovelace");
  const [adas, bos] = [numbered("ada", 12), numbered("bo", 12)];
  const kill = async () => {
    await expect(ada.bubble("bo 3")).toBeVisible();
    await server.kill();
    await server.restart();
  };
  await Promise.all([sendAll(ada, adas), sendAll(bo, bos), kill()]);
  await expectAll([ada, bo], ["before", ...adas], bos);
});

test("the tab that holds the socket closes in the middle of sending; badges are the same everywhere", async ({
  server,
  ada,
  bo,
  openWindow,
}) => {
  const { way, device: leader } = await far(server, ada, bo, openWindow);
  const tab = async () => {
    const person = await anotherTab(leader);
    await expect(person.bubble("before")).toBeVisible();
    return person;
  };
  const [left, right] = [await tab(), await tab()];

  // One has two hands: each tab sends in its turn, and nothing of it is answered.
  const sent: string[] = [];
  way.hold();
  for (const round of [1, 2, 3]) {
    for (const [who, person] of Object.entries({ leader, left, right })) {
      sent.push(`${who} ${round}`);
      await person.say(`${who} ${round}`);
    }
  }
  await leader.page.close();
  way.release();
  await expectAll([bo, left, right], ["before", ...sent]);

  await ada.seesList();
  for (const person of [left, right]) await person.choose("Settings");
  await bo.say("one");
  await bo.say("two");
  for (const { page } of [ada, left, right]) await expect(page).toHaveTitle(/^\(2\)/);
  await right.open("Bo Diddley");
  for (const { page } of [ada, left, right]) await expect(page).not.toHaveTitle(/^\(/);
  way.remove();
});
