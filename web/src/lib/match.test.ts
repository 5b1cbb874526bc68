import { expect, test } from "vitest";
import { matches } from "./match";

test.each([
  ["", true],
  ["jos", true],
  ["José", true],
  ["per jo", true],
  ["@jper", true],
  ["erez", false],
  ["jose x", false],
])("%j finds José Pérez: %s", (query, is_found) => {
  expect(matches(query, "José Pérez", "jperez")).toBe(is_found);
});
