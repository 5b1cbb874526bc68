import { expect, test } from "vitest";
// @ts-expect-error -- a plain script without types
import { check } from "./layers.mjs";

const problems = (file: string, source: string): string[] => check(file, source);

test("a feature may not import another feature", () => {
  expect(problems("src/features/auth/a.ts", 'import { b } from "#/features/timeline/b";')).toHaveLength(1);
  expect(problems("src/features/auth/a.ts", 'import { b } from "../timeline/b";')).toHaveLength(1);
  expect(problems("src/features/auth/a.ts", 'import { b } from "./b";')).toHaveLength(0);
});

test("lower layers may not reach up", () => {
  expect(problems("src/ui/a.tsx", 'import { b } from "#/sync/client";')).toHaveLength(1);
  expect(problems("src/sync/a.ts", 'import { b } from "#/ui/Button";')).toHaveLength(1);
  expect(problems("src/features/auth/a.ts", 'import { b } from "#/app/App";')).toHaveLength(1);
  expect(problems("src/app/a.ts", 'const b = () => import("#/features/auth/Doors");')).toHaveLength(0);
});

test("plain layers may neither use React nor touch the page", () => {
  expect(problems("src/lib/a.ts", 'import { useState } from "react";')).toHaveLength(1);
  expect(problems("src/sync/a.ts", 'document.title = "x";')).toHaveLength(1);
  expect(problems("src/sync/a.ts", "// the document.title is not ours")).toHaveLength(0);
  expect(problems("src/ui/a.tsx", 'import { useState } from "react";')).toHaveLength(0);
});

test("a folder outside the drawing is refused", () => {
  expect(problems("src/utils/a.ts", "")).toHaveLength(1);
});
