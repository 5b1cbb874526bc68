import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConversationId } from "#/proto/wire";
import { type Shared, TabDrafts } from "./tabDrafts";

const HERE = "c_1" as ConversationId;
const NOTHING: Shared = { text: "", over: "" };

/** Tabs of one browser: what one puts on the shelf the others hear later, in its order. */
class Browser {
  readonly #shelf = new Map<ConversationId, Shared>();
  readonly #tabs: { readonly drafts: TabDrafts; readonly news: [ConversationId, Shared][] }[] = [];

  open(): TabDrafts {
    const news: [ConversationId, Shared][] = [];
    const drafts = new TabDrafts({
      all: () => new Map(this.#shelf),
      read: (id) => this.#shelf.get(id),
      write: (id, shared) => {
        const over = this.#shelf.get(id)?.text ?? "";
        if (shared) this.#shelf.set(id, shared);
        else this.#shelf.delete(id);
        for (const tab of this.#tabs)
          if (tab.news !== news) tab.news.push([id, shared ?? { text: "", over }]);
      },
    });
    this.#tabs.push({ drafts, news });
    return drafts;
  }

  /** Until all have heard everything. */
  settle(): void {
    while (this.#tabs.some(({ drafts, news }) => hearAll(drafts, news)));
  }

  get shelf(): string {
    return (this.#shelf.get(HERE) ?? NOTHING).text;
  }
}

function hearAll(drafts: TabDrafts, news: [ConversationId, Shared][]): boolean {
  const heard = news.splice(0);
  for (const [id, shared] of heard) drafts.hear(id, shared);
  return heard.length > 0;
}

function two() {
  const browser = new Browser();
  const [left, right] = [browser.open(), browser.open()];
  /** Types and lets the others see it. */
  const type = (tab: TabDrafts, text: string) => {
    tab.type(HERE, text);
    tab.keep();
    browser.settle();
  };
  const both = () => [left.here(HERE), right.here(HERE)];
  return { browser, left, right, type, both };
}

test("what is typed in one tab shows in the other, goes on there, and is gone from both once it is sent", () => {
  const { left, right, type, both, browser } = two();
  type(left, "I shall");
  expect(both()).toEqual(["I shall", "I shall"]);
  type(right, "I shall bring tea");
  expect(both()).toEqual(["I shall bring tea", "I shall bring tea"]);
  type(left, "");
  expect(both()).toEqual(["", ""]);
  expect(browser.shelf).toBe("");
});

test("where two tabs are typed in at once, each keeps its own words until they are sent", () => {
  const { browser, left, right, type, both } = two();
  left.type(HERE, "left");
  right.type(HERE, "right");
  left.keep();
  right.keep();
  browser.settle();
  expect(both()).toEqual(["left", "right"]);
  type(left, "left, more");
  type(right, "right, more");
  expect(both()).toEqual(["left, more", "right, more"]);
  type(right, "");
  expect(both()).toEqual(["left, more", ""]);
  expect(browser.open().here(HERE)).toBe("left, more");
  type(left, "");
  type(right, "together again");
  expect(both()).toEqual(["together again", "together again"]);
});

test("what is sent takes no draft away that it was not", () => {
  const { browser, left, right, type, both } = two();
  type(left, "sent soon");
  right.type(HERE, "sent soon, and");
  type(left, "");
  expect(both()).toEqual(["", "sent soon, and"]);
  right.keep();
  browser.settle();
  expect(both()).toEqual(["", "sent soon, and"]);
  expect(browser.shelf).toBe("sent soon, and");
  // The other way round: the later draft is on the shelf already when the earlier one is sent.
  left.type(HERE, "quick");
  left.keep();
  left.type(HERE, "");
  right.keep();
  browser.settle();
  expect(right.here(HERE)).toBe("sent soon, and");
});

test("what another device wrote is shown by the tab that shows what that device saw, and by no other", () => {
  const { browser, left, right, type, both } = two();
  type(left, "seen there");
  right.type(HERE, "seen there, but not this");
  left.adopt(HERE, "written there");
  browser.settle();
  expect(both()).toEqual(["written there", "seen there, but not this"]);
  left.adopt(HERE, "");
  browser.settle();
  expect(both()).toEqual(["", "seen there, but not this"]);
});

test("a draft is there in a tab that is opened later, and nothing is once it is forgotten", () => {
  const { browser, left, right, type, both } = two();
  type(left, "for later");
  expect(browser.open().here(HERE)).toBe("for later");
  right.forget();
  browser.settle();
  expect(both()).toEqual(["", ""]);
  expect(browser.open().here(HERE)).toBe("");
});

const TABS = [0, 1, 2] as const;
const step = fc.oneof(
  fc.record({ do: fc.constant("type" as const), tab: fc.constantFrom(...TABS) }),
  fc.record({ do: fc.constant("keep" as const), tab: fc.constantFrom(...TABS) }),
  fc.record({ do: fc.constant("send" as const), tab: fc.constantFrom(...TABS) }),
  fc.record({ do: fc.constant("settle" as const), tab: fc.constantFrom(...TABS) }),
);

/** One tab hears late that another's words were sent, while a third has more of its own. */
const FOUND = [
  { do: "type" as const, tab: 0 as const },
  { do: "keep" as const, tab: 0 as const },
  { do: "type" as const, tab: 2 as const },
  { do: "keep" as const, tab: 2 as const },
  { do: "type" as const, tab: 0 as const },
  { do: "send" as const, tab: 2 as const },
];

test("no words go from a tab but by a hand that saw them: typed over, or sent", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const browser = new Browser();
      const tabs = TABS.map(() => browser.open());
      let n = 0;
      /** Words that somebody typed over or sent while they stood before their eyes. */
      const gone = new Set<string>();
      const shown = () => new Set(tabs.map((tab) => tab.here(HERE)));
      const typed: string[] = [];
      for (const { do: what, tab } of steps) {
        const drafts = tabs[tab] as TabDrafts;
        if (what === "keep") drafts.keep();
        if (what === "settle") browser.settle();
        if (what === "type" || what === "send") {
          gone.add(drafts.here(HERE));
          const text = what === "send" ? "" : `words ${n++}`;
          if (text !== "") typed.push(text);
          drafts.type(HERE, text);
          if (text === "") drafts.keep();
        }
      }
      for (const drafts of tabs) drafts.keep();
      browser.settle();
      for (const text of typed) expect(gone.has(text) || shown().has(text)).toBe(true);
      // A tab that is opened now finds words that somebody shows, if anybody shows any.
      expect(shown()).toContain(browser.shelf);
      if ([...shown()].some((text) => text !== "")) expect(browser.shelf).not.toBe("");
    }),
    { numRuns: 500, examples: [[FOUND]] },
  );
});
