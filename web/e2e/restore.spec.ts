import { expect, test } from "./fixtures";

/** Back-off doubles while the server is away, so this is the longest that a page may take to come back. */
const BACK_MS = 45_000;

test("open pages agree with a server that was restored from a backup, and send what they had not sent", async ({
  server,
  ada,
  bo,
}) => {
  await ada.writeTo("Bo Diddley");
  await ada.say("in the backup");
  await bo.open("Ada Lovelace");
  await expect(bo.bubble("in the backup")).toBeVisible();
  const backup = await server.backUp();
  for (const words of ["not in it 1", "not in it 2", "not in it 3"]) await ada.say(words);
  await expect(bo.bubble("not in it 3")).toBeVisible();
  await server.kill();
  await ada.say("not sent yet");
  await server.restore(backup);
  await server.restart();
  const expected = ["in the backup", "not sent yet"];
  for (const person of [ada, bo]) {
    await expect(person.bubble("not sent yet")).toBeVisible({ timeout: BACK_MS });
    await expect.poll(() => person.said()).toEqual(expected);
  }
  await bo.say("said afterwards");
  await expect(ada.bubble("said afterwards")).toBeVisible();
  for (const person of [ada, bo]) {
    expect(await person.said()).toEqual([...expected, "said afterwards"]);
    await person.page.reload();
    await expect.poll(() => person.said()).toEqual([...expected, "said afterwards"]);
  }
});
