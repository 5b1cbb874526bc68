import { expect, test } from "vitest";
import { ago, clock, dayName, dayOf, shortTime } from "./time";

const at = (text: string) => new Date(text).getTime();
const now_ms = at("2026-11-24T14:00:00");

test.each([
  ["2026-11-24T09:05:00", /^9:05\sAM$/],
  ["2026-11-23T23:59:00", /^Yesterday$/],
  ["2026-11-20T12:00:00", /^Fri$/],
  ["2026-03-03T12:00:00", /^Mar 3$/],
  ["2024-03-03T12:00:00", /^3\/3\/24$/],
])("a row shows %s in short", (when, expected) => {
  expect(shortTime(at(when), now_ms)).toMatch(expected);
});

test.each([
  ["2026-11-24T00:00:00", "Today"],
  ["2026-11-23T00:00:00", "Yesterday"],
  ["2026-11-19T12:00:00", "Thursday"],
  ["2026-03-03T12:00:00", "March 3"],
  ["2024-03-03T12:00:00", "March 3, 2024"],
])("a separator names %s", (when, expected) => {
  expect(dayName(at(when), now_ms)).toBe(expected);
});

test("a clock that runs ahead still says today", () => {
  expect(dayName(now_ms + 3_600_000, now_ms)).toBe("Today");
  expect(clock(now_ms)).toMatch(/^2:00\sPM$/);
});

test("days end at midnight, not after 24 hours", () => {
  const { from_ms, to_ms } = dayOf(at("2026-11-23T23:59:59"));
  expect([from_ms, to_ms]).toEqual([at("2026-11-23T00:00:00"), at("2026-11-24T00:00:00")]);
  expect(dayOf(to_ms)).toEqual({ from_ms: to_ms, to_ms: at("2026-11-25T00:00:00") });
  expect(dayOf(to_ms - 1).from_ms).toBe(from_ms);
});

test("the past is told in words", () => {
  expect(ago(now_ms - 10_000, now_ms)).toBe("just now");
  expect(ago(now_ms - 300_000, now_ms)).toBe("5 minutes ago");
  expect(ago(now_ms - 86_400_000, now_ms)).toBe("yesterday");
});
