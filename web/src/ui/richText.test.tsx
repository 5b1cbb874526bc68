import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { RichText } from "./RichText";

afterEach(cleanup);

const inside = (source: string) => {
  const { container } = render(
    <RichText source={source} nameOf={() => undefined} spoilerLabel="Hidden" tail="3:45 PM" />,
  );
  return container.querySelector("p [aria-hidden]") !== null;
};

test("the room for the time follows the words where they run towards it, and stands below them elsewhere", () => {
  expect(inside("see you at the harbour")).toBe(true);
  expect(inside("12 – نلتقي في الميناء")).toBe(false);
  expect(inside("שלום")).toBe(false);
});
