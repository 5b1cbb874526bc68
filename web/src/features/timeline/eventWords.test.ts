import { expect, test } from "vitest";
import type { MemberChange, UserId } from "#/proto/wire";
import { CONVERSATION } from "#/testing/builders";
import { eventWords } from "./eventWords";

const NAMES: Readonly<Record<string, string>> = { u_1: "Ada", u_2: "Bo", u_3: "Cy", u_4: "Di", u_5: "Ed" };
const nameOf = (user: UserId) => NAMES[user] ?? "Someone";
const ids = Object.keys(NAMES) as UserId[];
const common = { conversation: CONVERSATION, rev: 5, at_ms: 1 };

function membership(
  by: string | undefined,
  ...changes: [number, MemberChange["change"], MemberChange["role"]?][]
) {
  return eventWords(
    {
      ...common,
      type: "membership",
      ...(by === undefined ? {} : { by: by as UserId }),
      changes: changes.map(([n, change, role]) => ({
        user: ids[n - 1] as UserId,
        change,
        ...(role === undefined ? {} : { role }),
      })),
    },
    nameOf,
  );
}

test("who came and who went is told, and by whom", () => {
  expect(membership("u_1", [1, "joined", "owner"], [2, "joined", "member"])).toBe(
    "Ada made this group with Bo",
  );
  expect(membership("u_1", [1, "joined", "owner"])).toBe("Ada made this group");
  expect(membership("u_2", [2, "joined", "member"])).toBe("Bo joined");
  expect(membership("u_1", [2, "joined"], [3, "joined"])).toBe("Ada added Bo and Cy");
  expect(membership("u_2", [2, "left"])).toBe("Bo left");
  expect(membership("u_1", [2, "removed"])).toBe("Ada removed Bo");
  expect(membership("u_1", [2, "role", "admin"])).toBe("Bo is an admin now");
});

test("many names are counted", () => {
  expect(
    membership(undefined, [1, "joined"], [2, "joined"], [3, "joined"], [4, "joined"], [5, "joined"]),
  ).toBe("Ada, Bo, Cy, and 2 more joined");
});

test("a new title is told, the floor of retention is not", () => {
  const title = { ...common, type: "updated", by: ids[0] as UserId, title: "Winter" } as const;
  expect(eventWords(title, nameOf)).toBe("Ada changed the title to “Winter”");
  expect(eventWords({ ...common, type: "floored", floor_seq: 3 }, nameOf)).toBeUndefined();
});
