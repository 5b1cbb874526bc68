import { act, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ADA, conversationView, ME, user as person } from "#/testing/builders";
import { fakeClient } from "#/testing/fakeClient";
import { render } from "#/testing/render";
import { Rooms } from "./Rooms";

const BO = person("u_bo", "Bo Diddley");
const conversations = [conversationView("c_1", ADA), conversationView("c_2", BO, { unread: 2 })];
const clientWith = () => fakeClient({ users: [ME, ADA, BO], conversations });

beforeEach(() => vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => vi.useRealTimers());

test("a desktop has the list beside the conversation, each in a landmark of its own", () => {
  render(<Rooms />, clientWith(), "/c/c_1");
  expect(screen.getByRole("navigation", { name: "Conversations" })).toBeTruthy();
  const main = screen.getByRole("main");
  expect(within(main).getByRole("heading", { level: 1, name: "Ada Lovelace" })).toBeTruthy();
  expect(within(main).getByRole("textbox", { name: "Message to Ada Lovelace" })).toBeTruthy();
});

test("the title of the page counts what is unread, and names what is open", () => {
  render(<Rooms />, clientWith(), "/c/c_1");
  expect(document.title).toBe("(2) Voodoo · Ada Lovelace");
});

test("what there is to know opens beside the conversation and closes by Escape", async () => {
  const { user, path } = render(<Rooms />, clientWith(), "/c/c_1");
  await user.click(screen.getByRole("button", { name: "About Ada Lovelace" }));
  expect(path()).toBe("/c/c_1/info");
  expect(screen.getByRole("complementary", { name: "About" })).toBeTruthy();
  await user.keyboard("{Escape}");
  expect(path()).toBe("/c/c_1");
});

test("Ctrl+K leads to a conversation by a few letters, unread ones first", async () => {
  const { user, path } = render(<Rooms />, clientWith(), "/");
  await user.keyboard("{Control>}k{/Control}");
  const options = screen.getAllByRole("option").map((option) => option.textContent);
  expect(options[0]).toContain("Bo Diddley");
  await user.keyboard("ad{Enter}");
  expect(path()).toBe("/c/c_1");
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("Alt with an arrow leads to the neighbour, with Shift to the next unread one", () => {
  const { path } = render(<Rooms />, clientWith(), "/c/c_1");
  fireEvent.keyDown(window, { key: "ArrowDown", altKey: true, shiftKey: true });
  expect(path()).toBe("/c/c_2");
  fireEvent.keyDown(window, { key: "ArrowUp", altKey: true });
  expect(path()).toBe("/c/c_1");
});

test("a short break of the connection is nobody's business, a long one is told with what waits", async () => {
  const client = clientWith();
  render(<Rooms />, client, "/");
  await act(async () => client.set({ connection: { state: "waiting", since_ms: 0, n_waiting: 3 } }));
  expect(screen.queryByText(/No connection/)).toBeNull();
  await act(() => vi.advanceTimersByTimeAsync(2_100));
  expect(screen.getByText("No connection. 3 messages will be sent later.")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Retry now" }));
  expect(client.calls.some(({ action }) => action === "connectNow")).toBe(true);
  await act(async () => client.set({ connection: { state: "live", since_ms: 0, n_waiting: 0 } }));
  expect(screen.queryByText(/No connection/)).toBeNull();
});

test("too many open windows are told, and this one can go on", async () => {
  const client = clientWith();
  const stopped = { code: 4409, why: "too many sessions" };
  client.set({ connection: { state: "stopped", since_ms: 0, n_waiting: 0, stopped } });
  render(<Rooms />, client, "/");
  fireEvent.click(screen.getByRole("button", { name: "Go on here" }));
  expect(client.calls.some(({ action }) => action === "connectNow")).toBe(true);
});

test("an address that leads nowhere says so, and leads home", async () => {
  const { user, path } = render(<Rooms />, clientWith(), "/no-such-place");
  expect(screen.getByText("There is nothing here")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "To the conversations" }));
  expect(path()).toBe("/");
});

test("a conversation of others says so", () => {
  render(<Rooms />, clientWith(), "/c/c_99");
  expect(screen.getByText("This conversation is not yours")).toBeTruthy();
});
