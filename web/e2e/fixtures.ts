// What every test starts from: a server of its own, and people who each have a browser of their own.
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, test as base, expect, type Page } from "@playwright/test";
import { guest, owner } from "./crew";
import type { Person } from "./person";
import { Server, type Settings } from "./server";

interface Fixtures {
  /** What the server is told otherwise than by default. */
  readonly settings: Settings;
  readonly server: Server;
  /** Opens a window that shares nothing with the others. */
  readonly openWindow: () => Promise<Page>;
  /** The owner, at the empty list. */
  readonly ada: Person;
  /** Somebody whom the owner invited, at the empty list. */
  readonly bo: Person;
}

export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],
  server: async ({ settings }, use) => {
    const server = await Server.start(settings);
    await use(server);
    await server.remove();
  },
  openWindow: async ({ browser, viewport }, use) => {
    const windows: { close(): Promise<void> }[] = [];
    await use(() => openWindow(browser, viewport, windows));
    for (const window of windows) await window.close();
  },
  ada: async ({ server, openWindow }, use) => {
    await use(await owner(server, openWindow, "Ada Lovelace"));
  },
  bo: async ({ server, ada, openWindow }, use) => {
    await use(await guest(server, ada, openWindow, "Bo Diddley"));
  },
});

async function openWindow(
  browser: Browser,
  viewport: Page["viewportSize"] extends () => infer Size ? Size : never,
  windows: { close(): Promise<void> }[],
): Promise<Page> {
  const context = await browser.newContext({ viewport });
  windows.push(context);
  const page = await context.newPage();
  // Nothing may go wrong unseen: neither a fault of a script nor a breach of the content security policy.
  page.on("pageerror", (error) => {
    throw error;
  });
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted Types/i.test(message.text())) throw new Error(message.text());
  });
  return page;
}

/** No serious violation of accessibility, in both themes. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(rest);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n  ")}`);
    expect(serious, `${page.url()} ${colorScheme}`).toEqual([]);
  }
}

/** Until colours that change with the theme have changed. */
async function rest(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.allSettled(changing.map(({ finished }) => finished));
}

export { expect, type Page };
