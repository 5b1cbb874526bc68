import { writeFile } from "node:fs/promises";
import { expect, type Page, test } from "../e2e/fixtures";
import { squeeze } from "./squeeze";
import { fillList, gather, talkMany, talkTwo } from "./stage";

const OUT = process.env.SHOTS_DIR ?? "../docs/use";
const DESKTOP = { width: 1440, height: 900 };
const SIZES = [DESKTOP, { width: 390, height: 844 }];
/** The pictures stand in the repository, where every version of each stays for ever. */
const MAX_BYTES = 200_000;

/** One picture for each size and theme; `open` shows anew what another size closes. */
async function shoot(page: Page, name: string, open?: () => Promise<void>): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await page.mouse.move(0, 0);
    await open?.();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(() => document.fonts.ready);
      const picture = squeeze(await page.screenshot({ animations: "disabled", caret: "hide" }));
      expect(picture.length, name).toBeLessThan(MAX_BYTES);
      await writeFile(`${OUT}/${name}-${size.width}-${colorScheme}.png`, picture);
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

  await fillList(cast);
  await talkTwo(cast);
  await shoot(ada.page, "direct");
  await talkMany(cast);
  await ada.field.focus();
  await shoot(ada.page, "group");
  await shoot(ada.page, "menu", async () => {
    // A window that is still changing its size closes what opens in it.
    await expect(async () => {
      await ada.act("Taped into the log book.", ".");
      await expect(ada.page.getByRole("menu")).toBeVisible({ timeout: 1_000 });
    }).toPass();
  });
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
