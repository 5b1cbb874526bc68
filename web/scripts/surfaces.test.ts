import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DOORS, EMPTY, LAST, PARTS, ROOMS, UNCLAIMED } from "../e2e/surfaces";

/** What takes the place of everything else, or stands over it. */
const SURFACE = /<(Dialog|Confirm|Menu|MenuButton|DoorFrame|EmptyState)\b/g;

const PART = /(Pane|Bar|Banner)\.tsx$/;

function files(): readonly string[] {
  return readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".tsx") && !file.endsWith(".test.tsx"))
    .filter((file) => file.startsWith("app/") || file.startsWith("features/"));
}

function drawn(): Record<string, number> {
  const counts = files().map((file) => {
    const source = readFileSync(join("src", file), "utf8");
    return [file, source.match(SURFACE)?.length ?? 0] as const;
  });
  return Object.fromEntries(counts.filter(([, n]) => n > 0));
}

test("every door, room, dialog, menu and empty place is looked at for accessibility", () => {
  const listed: Record<string, number> = {};
  for (const { source } of [...UNCLAIMED, ...DOORS, ...EMPTY, ...ROOMS])
    listed[source] = (listed[source] ?? 0) + 1;
  expect(listed).toEqual(drawn());
});

test("every pane, bar and banner is looked at for accessibility", () => {
  const listed = new Set([...PARTS, ...LAST, ...ROOMS, ...EMPTY].map(({ source }) => source));
  expect(files().filter((file) => PART.test(file) && !listed.has(file))).toEqual([]);
});
