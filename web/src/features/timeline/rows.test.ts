import { expect, test } from "vitest";
import type { UserId } from "#/proto/wire";
import { pendingLine, sentLine } from "#/testing/builders";
import { toRows } from "./rows";

const me = "u_me" as UserId;
const noon_ms = new Date("2026-11-24T12:00:00").getTime();
const minute_ms = 60_000;
const from = (user: string, seq: number, minutes: number) =>
  sentLine({ from: user as UserId, seq, at_ms: noon_ms + minutes * minute_ms });

const groups = (rows: ReturnType<typeof toRows>) =>
  rows.map((row) => (row.is_first ? "[" : "") + row.key + (row.is_last ? "]" : "")).join(" ");

test("messages of one sender within five minutes stand together", () => {
  const rows = toRows([from("u_a", 1, 0), from("u_a", 2, 5), from("u_a", 3, 11), from("u_b", 4, 11)], {
    me,
    unread_after: undefined,
  });
  expect(groups(rows)).toBe("[1 2] [3] [4]");
});

test("a reply begins a group of its own", () => {
  const reply = sentLine({ from: "u_a" as UserId, seq: 2, at_ms: noon_ms, reply_to: 1 });
  expect(groups(toRows([from("u_a", 1, 0), reply], { me, unread_after: undefined }))).toBe("[1] [2]");
});

test("a day begins at midnight and breaks the group", () => {
  const rows = toRows([from("u_a", 1, 12 * 60 - 1), from("u_a", 2, 12 * 60 + 1)], {
    me,
    unread_after: undefined,
  });
  expect(rows.map((row) => row.begins_day)).toEqual([true, true]);
  expect(groups(rows)).toBe("[1] [2]");
});

test("the divider stands before the first unread message of somebody else", () => {
  const rows = toRows([from("u_a", 1, 0), from("u_me", 2, 1), from("u_a", 3, 2), from("u_a", 4, 2)], {
    me,
    unread_after: 1,
  });
  expect(rows.map((row) => row.begins_unread)).toEqual([false, false, true, false]);
});

test("nothing is unread where only one's own messages are new", () => {
  const rows = toRows([from("u_a", 1, 0), from("u_me", 2, 1)], { me, unread_after: 1 });
  expect(rows.some((row) => row.begins_unread)).toBe(false);
});

test("what waits to be sent is one's own and joins the group", () => {
  const rows = toRows([from("u_me", 1, 0), pendingLine({ client_id: "x", at_ms: noon_ms })], {
    me,
    unread_after: undefined,
  });
  expect(rows.map((row) => row.is_own)).toEqual([true, true]);
  expect(groups(rows)).toBe("[1 x]");
});
