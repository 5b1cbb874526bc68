import { expect, test } from "vitest";
import { decode, encode, openMention } from "./mentions";

const userOf = (handle: string) => ({ ada: "u_1", "bo.d": "u_2" })[handle];
const handleOf = (user: string) => ({ u_1: "ada", u_2: "bo.d" })[user];

test.each([
  ["hello @ada", "hello <@u_1>", ["u_1"]],
  ["@ada, @bo.d. @ada!", "<@u_1>, <@u_2>. <@u_1>!", ["u_1", "u_2"]],
  ["@Ada", "<@u_1>", ["u_1"]],
  ["mail ada@ada.org", "mail ada@ada.org", []],
  ["@nobody", "@nobody", []],
  ["`@ada` and ```\n@ada\n```", "`@ada` and ```\n@ada\n```", []],
])("%j names whom it means", (typed, text, users) => {
  expect(encode(typed, userOf)).toEqual({ text, users, all: undefined });
});

test("everyone is called at once, and the wider call counts", () => {
  expect(encode("@here look", userOf).all).toBe("here");
  expect(encode("@here @all", userOf).all).toBe("all");
  expect(encode("@all @here", userOf).all).toBe("all");
});

test("what was sent is edited as it was typed", () => {
  expect(decode("hi <@u_1> and <@u_9>", handleOf)).toBe("hi @ada and <@u_9>");
  expect(encode(decode("hi <@u_2>", handleOf), userOf).text).toBe("hi <@u_2>");
});

test("an open mention ends at the caret", () => {
  expect(openMention("hi @a", 5)).toEqual({ query: "a", at: 3 });
  expect(openMention("hi @", 4)).toEqual({ query: "", at: 3 });
  expect(openMention("hi @a b", 7)).toBeUndefined();
  expect(openMention("a@b", 3)).toBeUndefined();
});
