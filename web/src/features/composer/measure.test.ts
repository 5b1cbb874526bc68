import { expect, test } from "vitest";
import { measure } from "./measure";

const limits = { text: 100, text_bytes: 300 };

test.each([
  ["a".repeat(89), { is_near: false, n_over: 0 }],
  ["a".repeat(90), { is_near: true, n_left: 10, n_over: 0 }],
  ["a".repeat(100), { is_near: true, n_left: 0, n_over: 0 }],
  ["a".repeat(103), { is_near: true, n_left: 0, n_over: 3 }],
  ["😀".repeat(75), { is_near: true, n_left: 0, n_over: 0 }],
  ["😀".repeat(77), { is_near: true, n_left: 0, n_over: 2 }],
])("the counter tells what is left", (text, expected) => {
  expect(measure(text, limits)).toMatchObject(expected);
});
