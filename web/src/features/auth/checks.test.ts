import { expect, test } from "vitest";
import { checkHandle, checkName, checkPassword, handleFor } from "./checks";

test.each(["ab", "Ada", " ada ", "a.b-c_9", "a".repeat(32)])("%s may be a handle", (handle) => {
  expect(checkHandle(handle)).toBeUndefined();
});

test.each(["", "a", "9lives", "ada lovelace", "ädä", "a".repeat(33)])("%s may not be a handle", (handle) => {
  expect(checkHandle(handle)).toBeDefined();
});

test("a password has eight characters, whatever they are", () => {
  expect(checkPassword("1234567")).toBeDefined();
  expect(checkPassword("😀".repeat(7))).toBeDefined();
  expect(checkPassword("😀".repeat(8))).toBeUndefined();
});

test("a name is not blank", () => {
  expect(checkName("  ")).toBeDefined();
  expect(checkName("Bo")).toBeUndefined();
});

test.each([
  ["Ada Lovelace", "ada.lovelace"],
  ["José  Ñandú", "jose.nandu"],
  ["3 Musketeers!", "musketeers"],
  ["李雷", ""],
])("%s could be found as %s", (name, handle) => {
  expect(handleFor(name)).toBe(handle);
});
