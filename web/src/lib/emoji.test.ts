import { expect, test } from "vitest";
import { emojiCount } from "./emoji";

test.each([
  ["👍", 1],
  ["👍🏽 ❤️", 2],
  ["👨‍👩‍👧‍👦🇺🇦🎉", 3],
  ["🎉🎉🎉🎉", 0],
  ["ok 👍", 0],
  ["1", 0],
  ["", 0],
  ["👍".repeat(10_000), 0],
])("%j", (text, expected) => {
  expect(emojiCount(text)).toBe(expected);
});
