import { afterEach, expect, expectTypeOf, test } from "vitest";
import { en } from "./en";
import { type Catalogue, speak, t, type Values } from "./text";

afterEach(() => speak("en", en));

test("values are put in", () => {
  expect(t("door.join", { server: "Home" })).toBe("Join Home");
});

test("the plural form follows the number", () => {
  expect(t("list.unread", { n: 1 })).toBe("1 unread message");
  expect(t("list.unread", { n: 1200 })).toBe("1,200 unread messages");
});

test("what is put in is not looked at again", () => {
  expect(t("list.you", { text: "{text} {n}" })).toBe("You: {text} {n}");
});

test("a language may have more forms than English", () => {
  const polish: Catalogue = {
    ...en,
    "list.unread": { one: "{n} nowa", few: "{n} nowe", other: "{n} nowych" },
  };
  speak("pl", polish);
  expect(t("list.unread", { n: 3 })).toBe("3 nowe");
  expect(t("list.unread", { n: 5 })).toBe("5 nowych");
});

test("the types know which values a text needs", () => {
  expectTypeOf<Values<"door.join">>().toEqualTypeOf<{ readonly server: string | number }>();
  expectTypeOf<Values<"list.unread">>().toEqualTypeOf<{ readonly n: number }>();
});
