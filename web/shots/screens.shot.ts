import { stat } from "node:fs/promises";
import { expect, type Page, test } from "../e2e/fixtures";
import { fillList, gather, talkMany, talkTwo } from "./stage";

const OUT = process.env.SHOTS_DIR ?? "../docs/use";
const DESKTOP = { width: 1440, height: 900 };
const SIZES = [DESKTOP, { width: 390, height: 844 }];
/** The pictures stand in the repository, where every version of each stays for ever. */
const MAX_BYTES = 200_000;

/** One picture for each size and theme. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.mouse.move(0, 0);
      await page.evaluate(() => document.fonts.ready);
      const path = `${OUT}/${name}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, animations: "disabled", caret: "hide" });
      expect((await stat(path)).size, path).toBeLessThan(MAX_BYTES);
    }
  }
  await page.setViewportSize(DESKTOP);
}

test.use({ viewport: DESKTOP });

test("the main screens", async ({ server, openWindow }) => {
  const cast = await gather(server, openWindow);
  const { ada, bo } = cast;
  await shoot(ada.page, "empty");
  const link = await ada.invite();
  const door = await openWindow();
  await door.goto(link);
  await door.getByRole("heading", { name: "Join Harbour" }).waitFor();
  await shoot(door, "join");
  await door.goto(`${server.url}/log-in`);
  await door.getByRole("heading", { name: "Log in to Harbour" }).waitFor();
  await shoot(door, "log-in");

  await fillList(cast);
  await talkTwo(cast);
  await shoot(ada.page, "direct");
  await talkMany(cast);
  await shoot(ada.page, "group");
  await ada.bubble("Taped into the log book.").click({ button: "right" });
  await ada.page.getByRole("menuitem", { name: "Answer" }).or(ada.page.getByRole("menu")).first().waitFor();
  await shoot(ada.page, "menu");
  await ada.page.keyboard.press("Escape");
  await ada.openAbout("Engine club");
  await ada.page.getByText(`@${bo.handle}`).waitFor();
  await shoot(ada.page, "about");
  await ada.page.goto(server.url);
  await ada.row("Engine club").waitFor();
  await shoot(ada.page, "list");
  await ada.page.goto(`${server.url}/settings`);
  await ada.page.getByRole("heading", { name: "Devices" }).waitFor();
  await shoot(ada.page, "settings");
});
