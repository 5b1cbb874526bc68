import { expect, test } from "vitest";
import { hue, initials } from "./identity";

test("a name is shortened to its first and last word", () => {
  expect(initials("Ada Lovelace")).toBe("AL");
  expect(initials("Johann Sebastian Bach")).toBe("JB");
  expect(initials("ada")).toBe("A");
  expect(initials("ivan.petrov")).toBe("IP");
  expect(initials("💜 Grace")).toBe("G");
  expect(initials("李 雷")).toBe("李雷");
  expect(initials("")).toBe("");
});

test("a hue stays the same and neighbours differ", () => {
  expect(hue("u_1")).toBe(hue("u_1"));
  const hues = Array.from({ length: 24 }, (_, index) => hue(`u_${index}`));
  expect(new Set(hues).size).toBeGreaterThan(20);
  for (const value of hues) expect(value).toBeGreaterThanOrEqual(0);
  for (const value of hues) expect(value).toBeLessThan(360);
});
