import { expect, test } from "vitest";
import { ADA, ME, message } from "#/testing/builders";
import { rightsOn } from "./messageRights";

const now_ms = 1_764_000_000_000;
const own = message({ seq: 1, from: ME.user, at_ms: now_ms - 1_000 });
const other = message({ seq: 2, from: ADA.user, at_ms: now_ms - 1_000 });

function standing(
  kind: "direct" | "group" | "broadcast",
  role: "member" | "admin" | "owner",
  post: "all" | "admins" = "all",
) {
  return { view: { kind, role, head: { settings: { post } } }, me: ME.user, now_ms, edit_window_ms: 60_000 };
}

test("a member edits and deletes own messages only, and pins nothing in a group", () => {
  expect(rightsOn(own, standing("group", "member"))).toMatchObject({
    may_edit: true,
    may_delete: true,
    may_pin: false,
  });
  expect(rightsOn(other, standing("group", "member"))).toMatchObject({ may_edit: false, may_delete: false });
});

test("an admin deletes and pins every message, and edits none of others", () => {
  expect(rightsOn(other, standing("group", "admin"))).toMatchObject({
    may_edit: false,
    may_delete: true,
    may_pin: true,
  });
});

test("in a direct conversation both pin", () => {
  expect(rightsOn(other, standing("direct", "member")).may_pin).toBe(true);
});

test("who may not post may react and nothing else", () => {
  const rights = rightsOn(other, standing("group", "member", "admins"));
  expect(rights).toMatchObject({ may_reply: false, may_react: true, may_edit: false });
  expect(rightsOn(other, standing("broadcast", "member"))).toMatchObject({
    may_reply: false,
    may_delete: false,
  });
});

test("an old message keeps its text, and nothing is done with a deleted one", () => {
  expect(rightsOn({ ...own, at_ms: now_ms - 60_000 }, standing("group", "member")).may_edit).toBe(false);
  expect(Object.values(rightsOn({ ...own, deleted: true }, standing("group", "owner")))).not.toContain(true);
});
