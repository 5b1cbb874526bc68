import { expect, test } from "vitest";
import { ADA, conversationView } from "#/testing/builders";
import { isIn, usable } from "./filters";

const plain = conversationView("c_1", ADA);
const archived = conversationView("c_2", ADA, { archived: true, unread: 2 });
const group = conversationView("c_3", ADA, { kind: "group", mentions: 1, unread: 3 });

test("what is archived stands in its own list only", () => {
  expect(isIn("archived", archived)).toBe(true);
  for (const filter of ["all", "unread", "people"] as const) expect(isIn(filter, archived)).toBe(false);
  expect(isIn("archived", plain)).toBe(false);
});

test("each list holds what it is called after", () => {
  expect([plain, group].filter((view) => isIn("groups", view))).toEqual([group]);
  expect([plain, group].filter((view) => isIn("people", view))).toEqual([plain]);
  expect([plain, group].filter((view) => isIn("unread", view))).toEqual([group]);
  expect([plain, group].filter((view) => isIn("mentions", view))).toEqual([group]);
});

test("only filters that tell something apart are offered, and the chosen one", () => {
  expect(usable([plain], "all")).toEqual(["all", "unread"]);
  expect(usable([plain], "groups")).toEqual(["all", "unread", "groups"]);
  expect(usable([plain, archived, group], "all")).toEqual([
    "all",
    "unread",
    "mentions",
    "people",
    "groups",
    "archived",
  ]);
});
